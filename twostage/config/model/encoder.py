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
    def _heads_share_features(self) -> Self:
        if isinstance(self.backbone, PatchTST) and self.embedding.dim % self.backbone.heads:
            dim, heads = self.embedding.dim, self.backbone.heads
            near = " or ".join(str(n) for n in (dim - dim % heads, dim - dim % heads + heads) if n)
            raise ValueError(
                f"embedding.dim is {dim} and backbone.heads is {heads}, but every head needs the same number of "
                f"features; make dim a multiple of heads, such as {near}"
            )
        return self
