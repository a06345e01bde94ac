"""What the pretrainings that compare windows have in common."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Positive, Section
from twostage.config.model.heads import ClassificationHead, LinearHead
from twostage.config.stage_1.base import Pretraining, Projection
from twostage.config.stage_1.metric_losses import MetricLoss


class MomentumEncoder(Section):
    """A slow copy of the encoder makes what windows are compared with (He et al. 2020, MoCo); dropped after stage 1."""

    momentum: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.999, description="Share of the copy that stays in each step; the rest comes from the encoder."
    )
    queue: int = Field(4096, ge=0, description="Vectors of earlier batches that are compared with, too.")


class PromptContrast(Section):
    """Pull the prompts of one class in different systems together, and push those of other classes away.

    A prompt knows the system and its operating condition, and not the class: the term says something only where classes
    are spread unevenly over systems or conditions.
    """

    weight: Positive = Field(0.1, description="Factor of the term in the loss.")
    temperature: Positive = Field(0.1, description="Divides the cosine similarities of prompts.")


class ClassificationTerm(Section):
    """Cross entropy of a classification beside the comparison; reads labels."""

    weight: Positive = Field(1.0, description="Factor of the cross entropy in the loss.")
    head: ClassificationHead = Field(default_factory=LinearHead, description="Classification head; stays in stage 1.")


class Comparing(Pretraining):
    """A pretraining whose loss compares windows."""

    projection: Projection | None = Field(
        default_factory=Projection,
        description="Projection head of what is compared; null compares mean tokens as they are.",
    )
    momentum_encoder: MomentumEncoder | None = Field(
        None, description="Compare with vectors of a slow copy of the encoder and of earlier batches; null does not."
    )
    prompt: PromptContrast | None = Field(
        None,
        description="Compare the prompts of the embedding, too; labels of all systems then mean the same; null does "
        "not.",
    )
    unlabelled: Literal["error", "exclude"] = Field(
        "error", description="Where labels are read: what to do with recordings that have none."
    )

    @property
    def compares(self) -> MetricLoss:
        """The loss that compares windows."""
        raise NotImplementedError

    @property
    def shares_classes(self) -> bool:
        """Prompts are compared by class across systems."""
        return self.prompt is not None or super().shares_classes

    @model_validator(mode="after")
    def _rivals_of_another_origin(self) -> Self:
        if self.momentum_encoder is not None and not self.compares.contrasts:
            raise ValueError(
                f"momentum_encoder compares with vectors of another encoder, which loss {self.compares.kind} cannot; "
                "write kind: nt_xent or supcon, or leave momentum_encoder out"
            )
        return self

    @model_validator(mode="after")
    def _prompts_of_several_systems(self) -> Self:
        if self.prompt is not None and self.systems is not None and len(self.systems) == 1:
            raise ValueError(
                f"prompt compares the prompts of different systems, but systems names {self.systems[0]} alone"
            )
        return self
