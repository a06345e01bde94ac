"""Parameters of the built-in plugins of ``pretrain_mode: custom``: one class for each."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, Count, NonNegative, Positive, Section
from twostage.config.model.heads import ClassificationHead, LinearHead
from twostage.config.stage_1.base import Projection
from twostage.config.stage_1.logged import Logged
from twostage.config.stage_1.reconstruction import RESTORED, HiddenShare, Mask
from twostage.config.stage_2.measures import CLASSIFICATION


class Plugin(Component):
    """Parameters of a built-in plugin."""

    reads_labels: ClassVar[bool] = False
    needs_patches: ClassVar[bool] = False
    logs: ClassVar[Logged] = Logged()


class Supervised(Plugin):
    """Cross entropy of a classification of every pretraining system; reads labels."""

    implementation: ClassVar[str] = "twostage.objectives.pretrain.plugins.supervised:Supervised"
    reads_labels: ClassVar[bool] = True
    logs: ClassVar[Logged] = Logged(of_systems=CLASSIFICATION)

    head: ClassificationHead = Field(default_factory=LinearHead, description="Classification head; stays in stage 1.")
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.0, description="Share of the target that is spread evenly over the classes of the window's system."
    )


class ClassificationPrediction(Supervised):
    """Cross entropy, plus the restoration of samples that are hidden from a second pass; reads labels."""

    implementation: ClassVar[str] = (
        "twostage.objectives.pretrain.plugins.classification_prediction:ClassificationPrediction"
    )
    needs_patches: ClassVar[bool] = True
    logs: ClassVar[Logged] = Logged(measures=RESTORED, of_systems=CLASSIFICATION)

    alpha_prediction: NonNegative = Field(1.0, description="Weight of the restoration beside the cross entropy.")
    mask_ratio: HiddenShare = Field(0.1, description="Share of blocks that are hidden before the forecast.")
    forecast_part: HiddenShare = Field(0.1, description="Share of the window that is hidden at its end.")
    block: Count = Field(1, description="Samples per hidden block.")

    @property
    def mask(self) -> Mask:
        """The same as a reconstruction writes it."""
        return Mask(ratio=self.mask_ratio, block=self.block, forecast=self.forecast_part)

    @model_validator(mode="after")
    def _something_is_hidden(self) -> Self:
        if self.mask_ratio == 0.0 and self.forecast_part == 0.0:
            raise ValueError(
                "mask_ratio and forecast_part are both 0, so nothing would be hidden; use target: supervised"
            )
        return self


class FlowContrast(Section):
    """Pull tokens of two mixtures of one window together, and push those of other windows away, by NT-Xent."""

    weight: Positive = Field(0.1, description="Factor of the term beside the flow's error.")
    temperature: Positive = Field(0.1, description="Divides the cosine similarities.")
    projection: Projection = Field(default_factory=Projection, description="Projection head of the term.")


class Flow(Plugin):
    """Rectified flow: the direction from noise to the window, told from a mixture of both; needs no labels."""

    implementation: ClassVar[str] = "twostage.objectives.pretrain.plugins.flow:Flow"
    needs_patches: ClassVar[bool] = True

    hidden: Count = Field(128, description="Hidden features of the head.")
    frequencies: Count = Field(16, description="Sines and cosines that tell the head the share of the window.")
    contrast: FlowContrast | None = Field(
        None, description="Compare two mixtures of each window beside it; null mixes each window once."
    )


PLUGINS: dict[str, type[Plugin]] = {
    "supervised": Supervised,
    "classification_prediction": ClassificationPrediction,
    "flow": Flow,
}
