"""Contrastive pretraining."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.augmentation import Augmentation, Noise, Polarity, Scale, Shift
from twostage.config.base import FromList
from twostage.config.stage_1.base import Pretraining, Projection
from twostage.config.stage_1.metric_losses import MetricLoss, NTXent


class ContrastiveConfig(Pretraining):
    """Pull windows of the same state together and push others apart; reads labels with ``pairing: class`` alone."""

    implementation: ClassVar[str] = "twostage.objectives.pretrain.contrastive:Contrastive"

    pretrain_mode: Literal["contrastive"] = "contrastive"
    pairing: Literal["views", "recording", "class"] = Field(
        "recording",
        description="Positives: two augmented views of a window, two windows of one recording, or all windows of one "
        "class of one system.",
    )
    augmentations: Annotated[tuple[Augmentation, ...], FromList] = Field(
        (Noise(), Scale(), Shift(), Polarity()), description="Applied in this order, independently to each view."
    )
    loss: MetricLoss = Field(default_factory=NTXent, description="Contrastive loss.")
    projection: Projection = Field(default_factory=Projection, description="Projection head.")
    unlabelled: Literal["error", "exclude"] = Field(
        "error", description="With pairing class: what to do with recordings that have no label."
    )

    @property
    def reads_labels(self) -> bool:
        """Whether this pretraining is supervised."""
        return self.pairing == "class"

    @model_validator(mode="after")
    def _views_differ(self) -> Self:
        if self.pairing == "views" and not self.augmentations:
            raise ValueError("pairing 'views' needs at least one augmentation, or both views are the same")
        return self

    @model_validator(mode="after")
    def _a_class_is_no_pair(self) -> Self:
        if self.pairing == "class" and self.loss.needs_pairs:
            raise ValueError(
                f"loss {self.loss.kind} compares pairs, and a class gives each window many positives; with pairing "
                "class write loss: {kind: supcon}, triplet or prototypical"
            )
        return self

    @model_validator(mode="after")
    def _labels_that_nobody_reads(self) -> Self:
        if self.unlabelled == "exclude" and not self.reads_labels:
            raise ValueError(f"unlabelled has no effect, because pairing {self.pairing} reads no label")
        return self
