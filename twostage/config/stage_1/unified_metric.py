"""Pretraining by classification and metric learning at once."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.augmentation import Augmentations
from twostage.config.base import NonNegative
from twostage.config.model.heads import ClassificationHead, LinearHead
from twostage.config.stage_1.base import ZERO_SHOT_TEXT, ZeroShot
from twostage.config.stage_1.comparing import Comparing
from twostage.config.stage_1.logged import Logged
from twostage.config.stage_1.metric_losses import MetricLoss, SupCon
from twostage.config.stage_2.measures import CLASSIFICATION


class UnifiedMetricConfig(Comparing):
    """Tell the classes of several systems apart with one encoder, and keep windows of a class together; reads labels.

    The loss is the weighted sum of the cross entropy of the head and of the metric loss of the projection.
    """

    implementation: ClassVar[str] = "twostage.objectives.pretrain.unified_metric:UnifiedMetric"

    pretrain_mode: Literal["unified_metric"] = "unified_metric"
    metric: MetricLoss = Field(default_factory=SupCon, description="Metric loss.")
    metric_weight: NonNegative = Field(1.0, description="Weight of the metric loss; 0 is plain classification.")
    classification_weight: NonNegative = Field(
        1.0, description="Weight of the cross entropy; 0 is plain metric learning."
    )
    positives: Literal["class_in_system", "class_across_systems"] = Field(
        "class_in_system",
        description="What belongs together: windows of one class of one system, or of one label wherever it occurs.",
    )
    head: ClassificationHead = Field(default_factory=LinearHead, description="Classification head.")
    augmentations: Augmentations = Field(
        (), description="Applied to training windows in this order; to each of two views where the metric needs pairs."
    )

    zero_shot: ZeroShot | None = Field(default_factory=ZeroShot, description=ZERO_SHOT_TEXT)

    @property
    def logs(self) -> Logged:
        """Each term of the loss that has a weight, and how well classes are told."""
        weights = {"classification": self.classification_weight, "metric": self.metric_weight, "prompt": self.prompt}
        terms = tuple(f"{name}_loss" for name, weight in weights.items() if weight)
        return Logged(terms, of_systems=CLASSIFICATION if self.classification_weight else ())

    @property
    def compares(self) -> MetricLoss:
        """The metric loss."""
        return self.metric

    @property
    def reads_labels(self) -> bool:
        """This pretraining is supervised."""
        return True

    @model_validator(mode="after")
    def _something_to_learn(self) -> Self:
        if self.metric_weight == self.classification_weight == 0.0:
            raise ValueError("metric_weight and classification_weight are both 0, so nothing would be learnt")
        return self

    @model_validator(mode="after")
    def _pairs_are_views(self) -> Self:
        if self.metric_weight and self.metric.needs_pairs and not self.augmentations:
            raise ValueError(
                f"metric {self.metric.kind} compares two views of a window and needs at least one of augmentations; "
                "without them write metric: {kind: supcon}"
            )
        if self.metric.needs_pairs and self.positives != "class_in_system":
            raise ValueError(f"positives has no effect, because metric {self.metric.kind} compares views of a window")
        return self

    @model_validator(mode="after")
    def _a_metric_has_rivals(self) -> Self:
        if self.momentum_encoder is not None and self.metric_weight == 0.0:
            raise ValueError("momentum_encoder has no effect, because metric_weight is 0")
        return self

    @model_validator(mode="after")
    def _labels_can_be_compared(self) -> Self:
        if self.positives == "class_across_systems" and self.head.share != "shared":
            raise ValueError(
                "positives class_across_systems takes equal labels of different systems for the same class, so the "
                "head must answer for all systems alike; write head.share: shared"
            )
        return self
