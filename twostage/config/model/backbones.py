"""Backbones: what mixes the tokens."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, Count

Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]


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


Backbone = Annotated[DLinear | PatchTST, Field(discriminator="kind")]
