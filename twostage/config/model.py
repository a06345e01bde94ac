"""The network: embedding, backbone and heads."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, Count, Section

Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]


class HSE(Component):
    """Patches with their own time axis, so that sampling rates may differ (Hierarchical Signal Embedding)."""

    implementation: ClassVar[str] = "twostage.models.embeddings.hse:HSE"

    kind: Literal["hse"] = "hse"
    patch_length: Count = Field(64, description="Samples per patch.")
    patch_channels: Count = Field(1, description="Channels per patch.")
    patches: Count = Field(32, description="Patches (tokens) per window.")
    dim: Count = Field(64, description="Features per token.")
    starts: Literal["sorted", "random", "even"] = Field(
        "sorted", description="Patch starts in training: drawn and sorted, drawn in any order, or evenly spaced."
    )
    evaluation_starts: Literal["even", "as_training"] = Field(
        "even", description="Patch starts in evaluation: evenly spaced (repeatable), or as in training."
    )


class DLinear(Component):
    """Trend and remainder of the token sequence, each mapped by one linear layer over tokens."""

    implementation: ClassVar[str] = "twostage.models.backbones.dlinear:DLinear"

    kind: Literal["dlinear"] = "dlinear"
    window: Annotated[int, Field(ge=1)] = Field(65, description="Tokens in the moving average; odd.")

    @model_validator(mode="after")
    def _odd(self) -> Self:
        if self.window % 2 == 0:
            raise ValueError("window must be odd, so that the average is centred")
        return self


class PatchTST(Component):
    """Post-norm transformer encoder over tokens with a final batch norm."""

    implementation: ClassVar[str] = "twostage.models.backbones.patchtst:PatchTST"

    kind: Literal["patchtst"] = "patchtst"
    layers: Count = Field(2, description="Encoder layers.")
    heads: Count = Field(4, description="Attention heads.")
    feedforward: Count = Field(128, description="Hidden features of the feed-forward part.")
    dropout: Dropout = Field(0.1, description="Dropout in attention and feed-forward.")
    activation: Literal["gelu", "relu"] = Field("gelu", description="Activation of the feed-forward part.")


class LinearHead(Component):
    """Mean over tokens, then one linear layer per system."""

    implementation: ClassVar[str] = "twostage.models.heads.linear:LinearHead"

    kind: Literal["linear"] = "linear"
    share: Literal["per_system", "shared"] = Field(
        "per_system", description="One output layer for each system, or one for the union of their classes."
    )


Embedding = Annotated[HSE, Field()]
Backbone = Annotated[DLinear | PatchTST, Field(discriminator="kind")]


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
