"""What every adaptation has in common."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from twostage.config.augmentation import Augmentations
from twostage.config.base import Count, FromList, Positive, Section
from twostage.config.optimization import CheckpointConfig
from twostage.config.stage import TRAINING_KEYS, StageConfig
from twostage.config.stage_2.controls import Control, Controls, chosen
from twostage.config.stage_2.target import Target


class Freeze(Section):
    """Parts that keep their weights and running statistics. Embedding and backbone frozen is a linear probe."""

    embedding: bool = Field(default=False, description="Keep the embedding as it is.")
    backbone: bool = Field(default=False, description="Keep the backbone as it is.")
    prompt: bool = Field(default=False, description="Keep what the embedding has learned of systems, its prompt.")


WHOLE = Freeze(embedding=True, backbone=True)


class LrMultipliers(Section):
    """Learning rate of each part, as a multiple of the optimiser's."""

    embedding: Positive = Field(1.0, description="Multiple for the embedding.")
    backbone: Positive = Field(1.0, description="Multiple for the backbone.")
    head: Positive = Field(1.0, description="Multiple for the head, or the heads.")


class Unfreeze(Section):
    """Parts of the encoder that begin to train later than the head (Howard and Ruder 2018, gradual unfreezing)."""

    embedding: Count | None = Field(None, description="Epochs before the whole embedding trains; null: from the start.")
    backbone: Count | None = Field(None, description="Epochs before the whole backbone trains; null: from the start.")
    schedule: Literal["at_once", "linear"] = Field(
        "at_once",
        description="Whether a part waits as a whole; or its layers begin one by one, the last first, at even times.",
    )

    @property
    def waiting(self) -> dict[str, int]:
        """The parts that wait, and for how many epochs."""
        named = (("embedding", self.embedding), ("backbone", self.backbone))
        return {part: epochs for part, epochs in named if epochs is not None}

    @model_validator(mode="after")
    def _something_waits(self) -> Self:
        if not self.waiting:
            raise ValueError("unfreeze names no part; write embedding or backbone, or leave it out")
        return self


class Transfer(Section):
    """What may differ between the encoder that stage 1 saved and the one that stage 2 starts from."""

    allow_new: Annotated[tuple[str, ...], FromList] = Field(
        (),
        description="Names of encoder tensors (shell patterns) that may start anew instead of being loaded.",
    )
    allow_unused: Annotated[tuple[str, ...], FromList] = Field(
        (),
        description="Names of saved encoder tensors (shell patterns) that may be left behind.",
    )
    allow_different: Annotated[tuple[str, ...], FromList] = Field(
        (),
        description="Model keys (shell patterns) that may differ from the checkpoint's, such as embedding.patches.",
    )


class Init(Section):
    """A checkpoint of an earlier stage 1 to start from."""

    checkpoint: str = Field(description="Path of the safetensors file.")
    heads: Literal["new", "loaded"] = Field(
        "new",
        description="What heads start from: fresh weights; or those of the checkpoint, which must have been made for "
        "the same classes, as a model has them that was trained elsewhere and imported.",
    )


class Adaptation(StageConfig):
    """A training for what matters, once for each target."""

    targets: Annotated[tuple[Target, ...], FromList] = Field(
        description="What to adapt to; one training for each entry.", min_length=1
    )
    repeats: Count = Field(1, description="Adaptations for each pretraining and target, each with a seed of its own.")
    init: Init | None = Field(None, description="Start from this checkpoint instead of stage 1.")
    start: Literal["pretrained", "from_scratch"] = Field(
        "pretrained",
        description="What stage 2 starts from beside stage_1: its encoder; or fresh weights, so that stage 1 trains "
        "for nothing, as in the old project.",
    )
    transfer: Transfer = Field(default_factory=Transfer, description="Exceptions to a complete transfer.")
    unlabelled: Literal["error", "exclude"] = Field(
        "error", description="What to do with recordings of a target that have no label."
    )
    control: Controls = Field(
        "audit",
        description="What runs beside it, on the same windows: audit is all of from_scratch (the same adaptation "
        "without stage 1), untrained (an encoder as it was initialised, frozen) and trivial (band energies with "
        "logistic regression); or a list of some of them.",
    )
    checkpoint: CheckpointConfig = Field(
        default_factory=lambda: CheckpointConfig(monitor="validation/macro_f1", mode="max"),
        description="Which epoch's weights are kept.",
    )

    @property
    def loads_heads(self) -> bool:
        """Whether heads come from the checkpoint."""
        return self.init is not None and self.init.heads == "loaded"

    @property
    def head_share(self) -> str | None:
        """How systems share the classification head; None where there is no such head."""
        return getattr(getattr(self, "head", None), "share", None)

    @property
    def moves_encoder(self) -> bool:
        """Whether the adaptation changes the encoder: else an untrained one that is frozen is that from scratch."""
        return True

    @property
    def controls(self) -> tuple[Control, ...]:
        """The controls that differ from one another, and that can do what the adaptation does."""
        idle = self._idle_controls
        return tuple(control for control in chosen(self.control) if control not in idle)

    @property
    def _idle_controls(self) -> dict[Control, str]:
        """Controls that are left out of an audit, each with the reason."""
        same = not self.moves_encoder and "from_scratch" in chosen(self.control)
        return {"untrained": "freeze keeps the encoder, so it is the same training as from_scratch"} if same else {}

    def as_untrained(self) -> Self:
        """The same adaptation of an encoder that stays as it was initialised."""
        return self.model_copy(update={"control": "none"})

    @model_validator(mode="after")
    def _no_idle_control(self) -> Self:
        if not isinstance(self.control, str):
            for control, reason in self._idle_controls.items():
                if control in self.control:
                    raise ValueError(f"control: {control} has no effect: {reason}")
        return self

    @model_validator(mode="after")
    def _distinct_targets(self) -> Self:
        chosen = [
            (target.everything or frozenset(target.ids), frozenset(target.tasks or ())) for target in self.targets
        ]
        if len(set(chosen)) != len(chosen):
            raise ValueError("targets names one target twice")
        return self

    @model_validator(mode="after")
    def _tasks_exist(self) -> Self:
        if self.loads_heads and not isinstance(self, EncoderAdaptation):
            raise ValueError("init.heads: loaded has no effect: only adapt_mode finetune and multitask have heads")
        if not hasattr(self, "tasks") and any(target.tasks is not None for target in self.targets):
            raise ValueError("targets.tasks has no effect: only adapt_mode multitask has tasks")
        return self

    @model_serializer(mode="wrap")
    def _without_idle(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """All keys that have an effect: a lock must load again, and a key that has none may not be written."""
        values: dict[str, Any] = handler(self)
        idle = () if self.trains else self.training_keys
        return {name: value for name, value in values.items() if name not in idle}


class EncoderAdaptation(Adaptation):
    """An adaptation that trains heads, and as much of the encoder as is not frozen."""

    training_keys: ClassVar[tuple[str, ...]] = (
        *TRAINING_KEYS,
        "sampler",
        "freeze",
        "unfreeze",
        "lr_multipliers",
        "augmentations",
    )

    epochs: Annotated[int, Field(ge=0)] = Field(
        10, description="Passes over the training windows; 0 tests heads that init has loaded as they are."
    )
    freeze: Freeze = Field(default_factory=Freeze, description="Parts of the encoder that do not train.")
    unfreeze: Unfreeze | None = Field(
        None, description="Parts of the encoder that begin to train later; null: all that is not frozen trains at once."
    )
    lr_multipliers: LrMultipliers = Field(default_factory=LrMultipliers, description="Learning rates of the parts.")
    augmentations: Augmentations = Field(
        (),
        description="Applied to training windows in this order; validation and test see them as they were recorded. A "
        "forecast is of the window without noise, jitter and band_mask.",
    )

    @property
    def trains(self) -> bool:
        """Whether there is an epoch of training."""
        return self.epochs > 0

    @property
    def moves_encoder(self) -> bool:
        """Whether some part of the encoder trains."""
        return self.trains and not (self.freeze.embedding and self.freeze.backbone)

    @property
    def _idle_controls(self) -> dict[Control, str]:
        if self.trains:
            return super()._idle_controls
        why = "epochs is 0, so that nothing trains"
        return {"from_scratch": why, "untrained": why}

    def as_untrained(self) -> Self:
        """The same heads on an encoder that stays as it was initialised."""
        rates = LrMultipliers(head=self.lr_multipliers.head)
        kept = {"freeze": WHOLE, "unfreeze": None, "lr_multipliers": rates, "control": "none"}
        return self.model_copy(update=kept)

    @model_validator(mode="after")
    def _something_to_test(self) -> Self:
        if self.trains:
            return self
        if not self.loads_heads:
            raise ValueError("epochs is 0, and heads start anew: train them, or write init.heads: loaded")
        self.refuse_idle_keys("epochs is 0")
        return self

    @model_validator(mode="after")
    def _no_idle_multiplier(self) -> Self:
        for part in ("embedding", "backbone"):
            if getattr(self.freeze, part) and getattr(self.lr_multipliers, part) != 1.0:
                raise ValueError(f"lr_multipliers.{part} has no effect, because freeze.{part} is true")
        return self

    @model_validator(mode="after")
    def _what_waits_trains_in_the_end(self) -> Self:
        for part, epochs in ({} if self.unfreeze is None else self.unfreeze.waiting).items():
            if getattr(self.freeze, part):
                raise ValueError(f"unfreeze.{part} has no effect, because freeze.{part} is true")
            if epochs >= self.epochs:
                raise ValueError(
                    f"unfreeze.{part} ({epochs}) must be less than epochs ({self.epochs}), or it never trains; "
                    f"to keep it as it is write freeze.{part}: true"
                )
        return self
