"""Pretraining by restoring what is hidden."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Count, Section
from twostage.config.stage_1.base import Pretraining


class Mask(Section):
    """Which share of a window is hidden, in blocks of how many samples."""

    ratio: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(0.4, description="Share of blocks that are hidden.")
    block: Count = Field(64, description="Samples per block.")


class ReconstructionConfig(Pretraining):
    """Hide blocks of a window and restore them; needs no labels."""

    implementation: ClassVar[str] = "twostage.objectives.pretrain.reconstruction:Reconstruction"

    pretrain_mode: Literal["reconstruction"] = "reconstruction"
    mask: Mask = Field(default_factory=Mask, description="What is hidden.")
    loss: Literal["mse", "mae"] = Field("mse", description="Error over the hidden samples.")
