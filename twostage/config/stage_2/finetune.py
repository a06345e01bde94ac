"""Fine-tuning."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.model.heads import ClassificationHead, LinearHead
from twostage.config.stage_2.base import Adaptation, Freeze, LrMultipliers


class FinetuneConfig(Adaptation):
    """Train a classification head, and as much of the encoder as is not frozen, on labelled windows."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.finetune:Finetune"

    adapt_mode: Literal["finetune"] = "finetune"
    head: ClassificationHead = Field(default_factory=LinearHead, description="Classification head.")
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.0, description="Share of the target that is spread evenly over the classes of the window's system."
    )
    freeze: Freeze = Field(default_factory=Freeze, description="Parts of the encoder that do not train.")
    lr_multipliers: LrMultipliers = Field(default_factory=LrMultipliers, description="Learning rates of the encoder.")

    @model_validator(mode="after")
    def _no_idle_multiplier(self) -> Self:
        for part in ("embedding", "backbone"):
            if getattr(self.freeze, part) and getattr(self.lr_multipliers, part) != 1.0:
                raise ValueError(f"lr_multipliers.{part} has no effect, because freeze.{part} is true")
        return self
