"""Contrastive pretraining."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.augmentation import Augmentations, Noise, Polarity, Scale, Shift
from twostage.config.base import Positive
from twostage.config.stage_1.comparing import ClassificationTerm, Comparing
from twostage.config.stage_1.logged import Logged
from twostage.config.stage_1.metric_losses import MetricLoss, NTXent

BY_CLASS = ("class", "class_across_systems")


class ContrastiveConfig(Comparing):
    """Pull windows of the same state together and push others apart.

    Reads labels where the pairing goes by class, and with ``classification`` or ``prompt``.
    """

    implementation: ClassVar[str] = "twostage.objectives.pretrain.contrastive:Contrastive"

    pretrain_mode: Literal["contrastive"] = "contrastive"
    pairing: Literal["views", "recording", "class", "class_across_systems"] = Field(
        "recording",
        description="Positives: two augmented views of a window, two windows of one recording, all windows of one "
        "class of one system, or all windows of one label wherever it occurs.",
    )
    augmentations: Augmentations = Field(
        (Noise(), Scale(), Shift(), Polarity()), description="Applied in this order, independently to each view."
    )
    loss: MetricLoss = Field(default_factory=NTXent, description="Contrastive loss.")
    contrast_weight: Positive = Field(1.0, description="Factor of the contrastive loss.")
    classification: ClassificationTerm | None = Field(
        None, description="Classify beside it, from the same tokens; null does not."
    )

    @property
    def logs(self) -> Logged:
        """Each term of the loss, where there are several."""
        beside = [name for name in ("prompt", "classification") if getattr(self, name) is not None]
        return Logged(terms=tuple(f"{name}_loss" for name in ("contrastive", *beside)) if beside else ())

    @property
    def compares(self) -> MetricLoss:
        """The contrastive loss."""
        return self.loss

    @property
    def by_class(self) -> bool:
        """Whether classes say what belongs together."""
        return self.pairing in BY_CLASS

    @property
    def reads_labels(self) -> bool:
        """Whether this pretraining is supervised."""
        return self.by_class or self.prompt is not None or self.classification is not None

    @property
    def shares_classes(self) -> bool:
        """Whether equal labels of different systems are one class."""
        shared = self.classification is not None and self.classification.head.share == "shared"
        return shared or self.pairing == "class_across_systems" or super().shares_classes

    @model_validator(mode="after")
    def _views_differ(self) -> Self:
        if self.pairing == "views" and not self.augmentations:
            raise ValueError("pairing 'views' needs at least one augmentation, or both views are the same")
        return self

    @model_validator(mode="after")
    def _a_class_is_no_pair(self) -> Self:
        if self.by_class and self.loss.needs_pairs:
            raise ValueError(
                f"loss {self.loss.kind} compares pairs, and a class gives each window many positives; with pairing "
                f"{self.pairing} write loss: {{kind: supcon}}, triplet or prototypical"
            )
        return self

    @model_validator(mode="after")
    def _labels_that_nobody_reads(self) -> Self:
        if self.unlabelled == "exclude" and not self.reads_labels:
            raise ValueError(f"unlabelled has no effect, because pairing {self.pairing} reads no label")
        return self
