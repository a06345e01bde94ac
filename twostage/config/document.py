"""The whole document."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from twostage.config.base import FromList, Section
from twostage.config.carrier import LegacyCarrier
from twostage.config.data import DataConfig
from twostage.config.embedding_rules import embedding_misfit
from twostage.config.episode_rules import unfillable
from twostage.config.executors import Executor
from twostage.config.fan_out import colliding_seeds, with_first_backbone
from twostage.config.head_rules import head_misfit
from twostage.config.leak_rules import accidental_leak
from twostage.config.loggers import CSVLog, Logger, TensorBoardLog, one_of_each
from twostage.config.metric_rules import small_batch, unmeasured_zero_shot
from twostage.config.model import ModelConfig
from twostage.config.model.embeddings import TimedPatches
from twostage.config.network_rules import network_misfit
from twostage.config.old_documents import FRAGMENT, adapted
from twostage.config.one_token import lonely_token
from twostage.config.points import misfit as points_misfit
from twostage.config.stage import StageConfig
from twostage.config.stage_1 import Mask, ReconstructionConfig, Stage1Config
from twostage.config.stage_2 import MultitaskConfig, Stage2Config
from twostage.config.sweep import Axis, axes_apart
from twostage.config.trainer import TrainerConfig
from twostage.config.variant import Variant, distinct

Seeds = Annotated[tuple[Annotated[int, Field(ge=0, lt=2**32)], ...], FromList]


class OutputConfig(Section):
    """Where results go."""

    root: str = Field("save", description="Folder of all runs. Relative paths start at the working folder.")


class TwoStageConfig(Section):
    """A two-stage run: pretrain on many machines, adapt to the one that matters. Either stage may be left out."""

    version: Literal[1] = Field(1, description="Version of the document's format.")
    name: str = Field("twostage", description="Name of the run, for people.", min_length=1)
    seeds: Seeds = Field((0,), description="One repeat of the whole run for each seed.", min_length=1)
    data: DataConfig = Field(default_factory=DataConfig, description="Recordings, windows, split and batches.")
    model: ModelConfig = Field(default_factory=ModelConfig, description="The encoder that both stages share.")
    stage_1: Stage1Config | None = Field(None, description="Pretraining; null leaves it out.")
    stage_2: Stage2Config | None = Field(None, description="Adaptation; null leaves it out.")
    trainer: TrainerConfig = Field(default_factory=TrainerConfig, description="Devices and precision.")
    loggers: Annotated[tuple[Logger, ...], FromList, AfterValidator(one_of_each)] = Field(
        (CSVLog(), TensorBoardLog()), description="Where the course of every training is written."
    )
    executor: Executor | None = Field(
        None, description="Where the trainings run: local, slurm or ray; null is one after another in this process."
    )
    output: OutputConfig = Field(default_factory=OutputConfig, description="Where results go.")
    variants: Annotated[tuple[Variant, ...], FromList, Field(min_length=1), AfterValidator(distinct)] | None = Field(
        None,
        description="The whole run once for each entry, with some keys set to other values; null runs it as it is.",
    )
    sweep: Annotated[tuple[Axis, ...], FromList, Field(min_length=1), AfterValidator(axes_apart)] | None = Field(
        None,
        description="The whole run once for each combination of the values of these axes; null runs it as it is.",
    )
    legacy: LegacyCarrier | None = Field(
        None,
        description="What a converted document carries of its old file, so that it can go back; no effect on a run.",
    )

    def data_of(self, stage: StageConfig) -> DataConfig:
        """The data section as this stage has it: with its own split, windows and batch size where it has them."""
        own = {name: getattr(stage, name) for name in ("split", "window", "batch_size")}
        return self.data.model_copy(update={name: value for name, value in own.items() if value is not None})

    @property
    def active(self) -> TwoStageConfig:
        """The document as it runs: without a stage 1 that is switched off."""
        if self.stage_1 is None or self.stage_1.enabled:
            return self
        return self.model_copy(update={"stage_1": None})

    @property
    def stages(self) -> dict[str, StageConfig]:
        """The stages that are there, by name."""
        both = {"stage_1": self.stage_1, "stage_2": self.stage_2}
        return {name: stage for name, stage in both.items() if stage is not None}

    @property
    def is_part(self) -> bool:
        """Whether this is what a part of an old document became: it has no stage, and others are laid over it."""
        return self.legacy is not None and self.legacy.shape == FRAGMENT and not self.stages

    @model_validator(mode="before")
    @classmethod
    def _first_backbone(cls, written: Any) -> Any:
        return with_first_backbone(adapted(written))

    @model_validator(mode="after")
    def _something_to_do(self) -> Self:
        if not self.active.stages and not self.is_part:
            switched_off = "; stage_1.enabled is false" if self.stage_1 is not None else ""
            raise ValueError(f"a document needs stage_1, stage_2 or both{switched_off}")
        return self

    @model_validator(mode="after")
    def _distinct_seeds(self) -> Self:
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("seeds names one seed twice")
        if self.stage_2 is not None and (pair := colliding_seeds(self.seeds, self.stage_2.repeats)):
            raise ValueError(f"seeds {pair[0]} and {pair[1]} have a repeat in common; choose another seed")
        return self

    @model_validator(mode="after")
    def _window_holds_a_patch(self) -> Self:
        if isinstance(self.model.embedding, TimedPatches):
            return self  # it repeats the samples of a shorter window, and remarks tell so
        patch = self.model.reach
        for name, stage in self.stages.items():
            length = self.data_of(stage).window.length
            if length < patch:
                key = f"{'data' if stage.window is None else name}.window.length"
                raise ValueError(f"{key} ({length}) is shorter than model.embedding.patch_length ({patch})")
        return self

    @model_validator(mode="after")
    def _backbones_fit(self) -> Self:
        backbones = getattr(self.stage_1, "backbones", None)
        if backbones is None or self.model.backbone is None:
            return self
        if self.model.backbone not in backbones:
            raise ValueError(
                f"model.backbone ({self.model.backbone.kind}) has no effect, because stage_1.backbones has no such "
                "entry; leave it out"
            )
        for position, backbone in enumerate(backbones):
            if reason := backbone.misfit(dim=self.model.dim, patches=self.model.patches):
                raise ValueError(f"stage_1.backbones[{position}] ({backbone.kind}): {reason}")
        return self

    @model_validator(mode="after")
    def _network_fits(self) -> Self:
        if reason := network_misfit(self):
            raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _embedding_fits(self) -> Self:
        if reason := embedding_misfit(self.model, self.data, (self.stage_1, self.stage_2)):
            raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        for name, stage in (("stage_1", self.stage_1), ("stage_2", self.stage_2)):
            if reason := head_misfit(name, stage, self.model):
                raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _tokens_suffice(self) -> Self:
        if reason := lonely_token(self):
            raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _negatives_exist(self) -> Self:
        if reason := small_batch(self.stage_1, self.data):
            raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _zero_shot_is_measured(self) -> Self:
        if reason := unmeasured_zero_shot(self.stage_1, self.data, adapts=self.stage_2 is not None):
            raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _something_is_left_to_see(self) -> Self:
        mask = getattr(self.stage_1, "hides", None)
        if self.stage_1 is None or not isinstance(mask, Mask):
            return self
        name = "data.window.length" if self.stage_1.window is None else "stage_1.window.length"
        if reason := mask.crowded(self.data_of(self.stage_1).window.length, name):
            raise ValueError(
                f"stage_1.{'mask' if isinstance(self.stage_1, ReconstructionConfig) else 'params'}.{reason}"
            )
        return self

    @model_validator(mode="after")
    def _something_is_left_to_forecast_from(self) -> Self:
        if isinstance(self.stage_2, MultitaskConfig):
            window, patch = self.data_of(self.stage_2).window.length, self.model.reach
            if reason := self.stage_2.tasks.blind(window=window, patch=patch):
                raise ValueError(f"stage_2.tasks.{reason}")
        return self

    @model_validator(mode="after")
    def _episodes_can_be_filled(self) -> Self:
        if self.stage_2 is not None and (reason := unfillable(self.stage_2, self.data_of(self.stage_2))):
            raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _pretraining_heads_train(self) -> Self:
        stage_1 = self.stage_1
        if stage_1 is None or not stage_1.reads_labels or stage_1.shares_classes:
            return self
        if (stage_1.split or self.data.split).unit == "system":
            raise ValueError(
                "a split by system validates on systems that are not trained on, and their heads would stay untrained; "
                "write share: shared under the head of stage_1, or another split under stage_1.split"
            )
        return self

    @model_validator(mode="after")
    def _selection_has_validation(self) -> Self:
        for name, stage in self.stages.items():
            if not stage.trains:
                continue
            split = self.data_of(stage).split
            if split.validation == 0.0 and stage.checkpoint.monitor.startswith("validation/"):
                raise ValueError(
                    f"{name}.checkpoint.monitor is {stage.checkpoint.monitor}, but its split has no validation part; "
                    "give it a share, or monitor train/loss"
                )
        return self

    @model_validator(mode="after")
    def _adaptation_has_a_test(self) -> Self:
        if self.stage_2 is None:
            return self
        split = self.stage_2.split or self.data.split
        if getattr(split, "test", 1.0) == 0.0:
            raise ValueError("the split of stage_2 has no test part (test is 0), so nothing would be measured")
        if split.unit == "system" and self.stage_2.head_share == "per_system":
            raise ValueError(
                "a split by system tests systems that are not trained on, and their heads would stay untrained; "
                "write share: shared under the classification head of stage_2"
            )
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.active.stage_1 is not None and self.stage_2 is not None and self.stage_2.init is not None:
            raise ValueError(
                "stage_2.init has no effect beside stage_1: leave one of them out, or write stage_1.enabled: false"
            )
        if self.stage_2 is not None and self.stage_2.start == "from_scratch" and self.stage_2.init is not None:
            raise ValueError("stage_2.init has no effect where stage_2.start is from_scratch: leave one of them out")
        return self

    @model_validator(mode="after")
    def _nodes_can_meet(self) -> Self:
        if self.trainer.nodes > 1 and self.executor is not None and self.executor.kind in {"local", "ray"}:
            raise ValueError(
                f"trainer.nodes is {self.trainer.nodes}, but executor {self.executor.kind} gives a training one node; "
                "choose slurm, or no executor and start the command on each node"
            )
        return self

    @model_validator(mode="after")
    def _leaks_on_purpose(self) -> Self:
        if reason := accidental_leak(self.legacy, [self.data_of(stage).split for stage in self.stages.values()]):
            raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _points_are_documents(self) -> Self:
        if reason := points_misfit(self):
            raise ValueError(reason)
        from twostage.config.variants import variant_errors  # noqa: PLC0415 - it checks documents, and needs this class

        if errors := variant_errors(self):
            raise ValidationError.from_exception_data(type(self).__name__, errors)
        return self
