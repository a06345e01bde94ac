"""Fine-tuning."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.model.heads import ClassificationHead, LinearHead
from twostage.config.stage_2.base import EncoderAdaptation
from twostage.config.stage_2.class_weights import CLASS_WEIGHTS_TEXT, ClassWeights


class FinetuneConfig(EncoderAdaptation):
    """Train a classification head, and as much of the encoder as is not frozen, on labelled windows."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.finetune:Finetune"

    adapt_mode: Literal["finetune"] = "finetune"
    head: ClassificationHead = Field(default_factory=LinearHead, description="Classification head.")
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.0, description="Share of the target that is spread evenly over the classes of the window's system."
    )
    class_weights: ClassWeights | None = Field(None, description=CLASS_WEIGHTS_TEXT)
