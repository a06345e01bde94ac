"""The encoder: an embedding and a backbone."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from twostage.config.base import Section
from twostage.config.model.backbones import Backbone, PatchTST
from twostage.config.model.embeddings import HSE, Embedding


class ModelConfig(Section):
    """The encoder that both stages share."""

    embedding: Embedding = Field(default_factory=HSE, description="Turns a window into tokens.")
    backbone: Backbone = Field(default_factory=PatchTST, description="Mixes the tokens.")

    @model_validator(mode="after")
    def _backbone_fits_the_tokens(self) -> Self:
        if reason := self.backbone.misfit(dim=self.embedding.dim, patches=self.embedding.patches):
            raise ValueError(reason)
        return self
