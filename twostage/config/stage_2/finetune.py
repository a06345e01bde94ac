"""Fine-tuning."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.model.heads import ClassificationHead, LinearHead
from twostage.config.stage_2.base import EncoderAdaptation
from twostage.config.stage_2.class_weights import CLASS_WEIGHTS_TEXT, ClassWeights
from twostage.config.stage_2.measures import CLASSIFICATION, never_logged


class FinetuneConfig(EncoderAdaptation):
    """Train a classification head, and as much of the encoder as is not frozen, on labelled windows."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.finetune:Finetune"

    adapt_mode: Literal["finetune"] = "finetune"
    head: ClassificationHead = Field(default_factory=LinearHead, description="Classification head.")
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.0, description="Share of the target that is spread evenly over the classes of the window's system."
    )
    class_weights: ClassWeights | None = Field(None, description=CLASS_WEIGHTS_TEXT)

    @model_validator(mode="after")
    def _monitor_is_logged(self) -> Self:
        if self.implementation == FinetuneConfig.implementation:  # a class of a package may log more
            for target in self.targets:
                if reason := never_logged(self.checkpoint.monitor, CLASSIFICATION, (), target, "finetune"):
                    raise ValueError(reason)
        return self
