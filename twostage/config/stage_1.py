"""Stage 1, pretraining: one class per ``pretrain_mode``."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.augmentation import Augmentation, Noise, Polarity, Scale, Shift
from twostage.config.base import Count, FromList, Ids, Positive, Section
from twostage.config.stage import StageConfig


class NTXent(Section):
    """Normalised temperature-scaled cross entropy (Chen et al. 2020, SimCLR, eq. 1)."""

    kind: Literal["nt_xent"] = "nt_xent"
    temperature: Positive = Field(0.1, description="Divides the cosine similarities.")


class Projection(Section):
    """Two-layer perceptron between the encoder and the contrastive loss; dropped after stage 1."""

    hidden: Count = Field(64, description="Hidden features.")
    dim: Count = Field(32, description="Output features.")


class Mask(Section):
    """Which share of a window is hidden, in blocks of how many samples."""

    ratio: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(0.4, description="Share of blocks that are hidden.")
    block: Count = Field(64, description="Samples per block.")


class _Pretraining(StageConfig):
    systems: Ids | None = Field(None, description="Systems to pretrain on; null takes all but those of stage 2.")


class ContrastiveConfig(_Pretraining):
    """Pull two views of the same state together and push others apart; needs no labels."""

    implementation: ClassVar[str] = "twostage.objectives.pretrain.contrastive:Contrastive"

    pretrain_mode: Literal["contrastive"] = "contrastive"
    pairing: Literal["views", "recording"] = Field(
        "recording", description="Positives: two augmented views of a window, or two windows of one recording."
    )
    augmentations: Annotated[tuple[Augmentation, ...], FromList] = Field(
        (Noise(), Scale(), Shift(), Polarity()), description="Applied in this order, independently to each view."
    )
    loss: NTXent = Field(default_factory=NTXent, description="Contrastive loss.")
    projection: Projection = Field(default_factory=Projection, description="Projection head.")

    @model_validator(mode="after")
    def _views_differ(self) -> Self:
        if self.pairing == "views" and not self.augmentations:
            raise ValueError("pairing 'views' needs at least one augmentation, or both views are the same")
        return self


class ReconstructionConfig(_Pretraining):
    """Hide blocks of a window and restore them; needs no labels."""

    implementation: ClassVar[str] = "twostage.objectives.pretrain.reconstruction:Reconstruction"

    pretrain_mode: Literal["reconstruction"] = "reconstruction"
    mask: Mask = Field(default_factory=Mask, description="What is hidden.")
    loss: Literal["mse", "mae"] = Field("mse", description="Error over the hidden samples.")


Stage1Config = Annotated[ContrastiveConfig | ReconstructionConfig, Field(discriminator="pretrain_mode")]
