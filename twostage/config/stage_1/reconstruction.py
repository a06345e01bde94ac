"""Pretraining by restoring what is hidden."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.augmentation import Augmentations
from twostage.config.base import Count, Section
from twostage.config.stage_1.base import Pretraining
from twostage.config.stage_1.logged import Logged

HiddenShare = Annotated[float, Field(ge=0.0, lt=1.0)]


RESTORED = ("mse", "correlation", "spectral_similarity")


class Mask(Section):
    """Which samples of a window are hidden: blocks anywhere, and its end."""

    ratio: HiddenShare = Field(0.4, description="Share of blocks that are hidden; blocks lie before the forecast.")
    block: Count = Field(64, description="Samples per block.")
    forecast: HiddenShare = Field(0.0, description="Share of the window that is hidden at its end, in all channels.")
    per_channel: bool = Field(
        default=False, description="Whether each channel hides blocks of its own; otherwise all hide the same."
    )

    @model_validator(mode="after")
    def _something_is_hidden(self) -> Self:
        if self.ratio == 0.0 and self.forecast == 0.0:
            raise ValueError("ratio and forecast are both 0, so nothing would be hidden and there is nothing to learn")
        if self.ratio == 0.0 and self.per_channel:
            raise ValueError("per_channel has no effect, because ratio is 0 and the forecast is hidden in all channels")
        return self

    def crowded(self, length: int, name: str = "data.window.length") -> str | None:
        """Say why too little of a window of ``length`` samples would be left to see, or None."""
        if self.ratio == 0.0 or 2 * self.block <= length - self.tail(length):
            return None
        where = "" if self.forecast == 0.0 else f" without the forecast of {self.tail(length)} samples"
        return (
            f"block ({self.block}) is more than half of {name} ({length}){where}, so too little would be "
            "left to restore it from"
        )

    def tail(self, length: int) -> int:
        """How many samples are hidden at the end of a window: the share, rounded down, but at least one."""
        # A share such as 0.3 of 10 lies a little off 3 in floating point.
        return min(max(1, int(self.forecast * length + 1e-6)), length - 1) if self.forecast > 0.0 else 0


class ReconstructionConfig(Pretraining):
    """Hide parts of a window and restore them; needs no labels."""

    implementation: ClassVar[str] = "twostage.objectives.pretrain.reconstruction:Reconstruction"

    pretrain_mode: Literal["reconstruction"] = "reconstruction"
    mask: Mask = Field(default_factory=Mask, description="What is hidden.")
    loss: Literal["mse", "mae", "relative_l2"] = Field(
        "mse",
        description="Error over the samples that count: squared, absolute, or the norm of the error over that of the "
        "signal in each window.",
    )
    counts: Literal["hidden", "all"] = Field(
        "hidden", description="Samples that count in the loss: hidden ones alone, or those that are seen as well."
    )

    augmentations: Augmentations = Field(
        (),
        description="Applied to training windows in this order. noise, jitter and band_mask spoil what is seen, and "
        "the window is restored without them; others change both alike.",
    )

    @property
    def logs(self) -> Logged:
        """How well hidden samples are restored."""
        return Logged(measures=RESTORED)

    @property
    def needs_patches(self) -> bool:
        """It restores patches."""
        return True

    @property
    def hides(self) -> Mask:
        """What is hidden."""
        return self.mask
