"""Contrastive pretraining."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.augmentation import Augmentation, Noise, Polarity, Scale, Shift
from twostage.config.base import FromList, Positive, Section
from twostage.config.stage_1.base import Pretraining, Projection


class NTXent(Section):
    """Normalised temperature-scaled cross entropy (Chen et al. 2020, SimCLR, eq. 1)."""

    kind: Literal["nt_xent"] = "nt_xent"
    temperature: Positive = Field(0.1, description="Divides the cosine similarities.")


class ContrastiveConfig(Pretraining):
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
