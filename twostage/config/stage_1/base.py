"""What every pretraining has in common."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from twostage.config.base import Component, Count, FromList, Ids, Section
from twostage.config.model.backbones import Backbone
from twostage.config.stage import StageConfig
from twostage.config.stage_1.logged import Logged


class Projection(Component):
    """Two-layer perceptron between the encoder and the contrastive loss; dropped after stage 1."""

    implementation: ClassVar[str] = "twostage.models.heads.projection:ProjectionHead"
    paper: ClassVar[str] = "Chen et al. 2020, A Simple Framework for Contrastive Learning (SimCLR)"
    legacy: ClassVar[str] = "H_10_ProjectionHead"

    hidden: Count = Field(64, description="Hidden features.")
    dim: Count = Field(32, description="Output features.")
    activation: Literal["relu", "gelu", "tanh", "leaky_relu"] = Field(
        "relu", description="Activation of the hidden features; leaky_relu has slope 0.1."
    )
    dropout: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(0.0, description="Dropout of the hidden features.")
    norm: bool = Field(default=False, description="Whether a layer norm follows.")


class ZeroShot(Section):
    """Classify test windows by features alone: nearest class mean, and nearest neighbours; nothing is trained."""

    neighbours: Count = Field(5, description="Training windows that vote on a test window.")
    missing: Literal["skip", "error"] = Field(
        "skip",
        description="What to do where there are no classes to tell apart, no test part, or fewer training windows than "
        "neighbours: skip says so and measures nothing there.",
    )


ZERO_SHOT_TEXT = (
    "Measure the encoder on the test of each target before it adapts (without stage 2: on the test part of stage 1); "
    "null does not."
)


class Pretraining(StageConfig):
    """A training without a target, whose encoder stage 2 starts from."""

    enabled: bool = Field(
        default=True,
        description="Whether to pretrain; false is as if stage_1 were left out, while its other keys stay.",
    )
    systems: Ids | None = Field(None, description="Systems to pretrain on; null takes all but those of stage 2.")
    zero_shot: ZeroShot | None = Field(None, description=ZERO_SHOT_TEXT)

    backbones: Annotated[tuple[Backbone, ...], FromList, Field(min_length=1)] | None = Field(
        None,
        description="Backbones to compare: one pretraining for each, and stage 2 from the same one; null takes "
        "model.backbone alone.",
    )

    @field_validator("backbones")
    @classmethod
    def _distinct_backbones(cls, backbones: tuple[Backbone, ...] | None) -> tuple[Backbone, ...] | None:
        twice = next((each for each in backbones or () if (backbones or ()).count(each) > 1), None)
        if twice is not None:
            raise ValueError(f"backbones names one {twice.kind} twice")
        return backbones

    @model_validator(mode="after")
    def _monitor_is_logged(self) -> Self:
        home = next(each for each in type(self).__mro__ if "logs" in vars(each))
        ours = getattr(home, "implementation", None) == getattr(self, "implementation", None)
        if self.logs is not None and ours:  # a class of a package may log more
            mode = f"pretrain_mode {getattr(self, 'pretrain_mode', '')}"
            if reason := self.logs.refusal(self.checkpoint.monitor, mode, self.systems):
                raise ValueError(reason)
        return self

    @property
    def logs(self) -> Logged | None:
        """What it logs beside the loss; None where a class that is imported later says so."""
        return None

    @property
    def needs_patches(self) -> bool:
        """Whether it compares patches of windows, which complete networks do not cut."""
        return False

    @property
    def reads_labels(self) -> bool:
        """Whether this pretraining is supervised: then every recording that takes part needs a label."""
        return False

    @property
    def shares_classes(self) -> bool:
        """Whether a supervised pretraining answers every system by the union of all classes."""
        return getattr(getattr(self, "head", None), "share", "per_system") == "shared"
