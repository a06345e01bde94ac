"""Backbones: what mixes the tokens.

Each class says with ``misfit`` why it cannot work on tokens of a size, or None when it can.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, Count
from twostage.config.model.heads import uneven
from twostage.config.plugins import Family

Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]


class BackboneConfig(Component):
    """What every backbone has. Its class is built with ``dim`` and ``patches``, and keeps the shape of the tokens."""

    kind: str

    def misfit(self, *, dim: int, patches: int) -> str | None:  # noqa: ARG002 - one signature for all
        """Say why the backbone cannot work on ``patches`` tokens of ``dim`` features, or None."""
        return None


class DLinear(BackboneConfig):
    """Trend and remainder of the token sequence, each mapped by one linear layer over tokens."""

    implementation: ClassVar[str] = "twostage.models.backbones.dlinear:DLinear"
    legacy: ClassVar[str] = "B_04_Dlinear"
    paper: ClassVar[str] = "Zeng et al. 2023, Are Transformers Effective for Time Series Forecasting?"

    kind: Literal["dlinear"] = "dlinear"
    window: Annotated[int, Field(ge=3)] = Field(65, description="Tokens in the moving average; odd.")

    @model_validator(mode="after")
    def _odd(self) -> Self:
        if self.window % 2 == 0:
            raise ValueError("window must be odd, so that the average is centred")
        return self


class PatchTST(BackboneConfig):
    """Post-norm transformer encoder over tokens with a final batch norm."""

    implementation: ClassVar[str] = "twostage.models.backbones.patchtst:PatchTST"
    legacy: ClassVar[str] = "B_08_PatchTST"
    paper: ClassVar[str] = "Nie et al. 2023, A Time Series is Worth 64 Words (its encoder)"

    kind: Literal["patchtst"] = "patchtst"
    layers: Count = Field(2, description="Encoder layers.")
    heads: Count = Field(4, description="Attention heads.")
    feedforward: Count = Field(128, description="Hidden features of the feed-forward part.")
    dropout: Dropout = Field(0.1, description="Dropout in attention and feed-forward.")
    activation: Literal["gelu", "relu"] = Field("gelu", description="Activation of the feed-forward part.")
    head_features: Count | None = Field(
        None, description="Features of each head, whatever heads times it is; null shares embedding.dim evenly."
    )

    def misfit(self, *, dim: int, patches: int) -> str | None:  # noqa: ARG002 - one signature for all
        """Heads share the features evenly, unless it is written how many each has."""
        if self.head_features is None:
            return uneven("backbone", dim, self.heads)
        if self.head_features * self.heads != dim:
            return None
        return f"backbone.head_features ({self.head_features}) is the even share of each head anyway; leave it out"


class Transformer(BackboneConfig):
    """Post-norm transformer encoder over tokens (Vaswani et al. 2017), without position code or final norm."""

    implementation: ClassVar[str] = "twostage.models.backbones.transformer:Transformer"
    legacy: ClassVar[str] = "B_01_basic_transformer"
    paper: ClassVar[str] = "Vaswani et al. 2017, Attention Is All You Need"

    kind: Literal["transformer"] = "transformer"
    layers: Count = Field(2, description="Encoder layers.")
    heads: Count = Field(4, description="Attention heads.")
    feedforward: Count = Field(2048, description="Hidden features of the feed-forward part.")
    dropout: Dropout = Field(0.1, description="Dropout in attention and feed-forward.")
    activation: Literal["gelu", "relu"] = Field("relu", description="Activation of the feed-forward part.")
    identical_start: bool = Field(
        default=False,
        description="Every layer starts from the same random weights, as in torch's own stack of layers; "
        "otherwise each draws its own.",
    )

    def misfit(self, *, dim: int, patches: int) -> str | None:  # noqa: ARG002 - one signature for all
        """Heads share the features evenly."""
        return uneven("backbone", dim, self.heads)


class TimesNet(BackboneConfig):
    """Tokens folded into rows of one period each and convolved in two dimensions (Wu et al. 2023, TimesNet)."""

    implementation: ClassVar[str] = "twostage.models.backbones.timesnet:TimesNet"
    legacy: ClassVar[str] = "B_06_TimesNet"
    paper: ClassVar[str] = "Wu et al. 2023, TimesNet: Temporal 2D-Variation Modeling"

    kind: Literal["timesnet"] = "timesnet"
    layers: Count = Field(2, description="Blocks, one after the other.")
    feedforward: Count = Field(32, description="Features between the two convolutions of a block.")
    kernels: Count = Field(6, description="Convolutions that are averaged; their sizes are 1, 3, 5, ... tokens.")
    periods: Count = Field(5, description="Strongest periods of the token sequence that a block folds by.")
    period_choice: Literal["per_sample", "per_batch"] = Field(
        "per_sample",
        description="Periods of each window's own spectrum; or of the mean spectrum of the batch, so that the "
        "answer for a window depends on the windows beside it.",
    )

    def parameters(self, dim: int) -> int:
        """How many weights it has, which grow with the squares of its kernels' sizes."""
        squares = self.kernels * (4 * self.kernels**2 - 1) // 3  # 1 + 9 + 25 + ...
        return self.layers * (2 * dim * self.feedforward * squares + self.kernels * (dim + self.feedforward))

    def misfit(self, *, dim: int, patches: int) -> str | None:  # noqa: ARG002 - one signature for all
        """A sequence of P tokens has P // 2 periods."""
        if self.periods <= patches // 2:
            return None
        return (
            f"backbone.periods is {self.periods}, but a sequence of {patches} tokens (embedding.patches) has "
            f"{patches // 2} periods; make patches at least {2 * self.periods}, or periods smaller"
        )


class FNO(BackboneConfig):
    """Fourier neural operator along the token sequence (Li et al. 2021)."""

    implementation: ClassVar[str] = "twostage.models.backbones.fno:FNO"
    legacy: ClassVar[str] = "B_09_FNO"
    paper: ClassVar[str] = "Li et al. 2021, Fourier Neural Operator"

    kind: Literal["fno"] = "fno"
    layers: Count = Field(4, description="Fourier layers.")
    modes: Count = Field(16, description="Lowest frequencies of the token sequence that a layer mixes, with the mean.")
    width: Count = Field(256, description="Features inside the operator.")

    def misfit(self, *, dim: int, patches: int) -> str | None:  # noqa: ARG002 - one signature for all
        """A sequence of P tokens has P // 2 + 1 frequencies."""
        if self.modes <= (most := patches // 2 + 1):
            return None
        return (
            f"backbone.modes is {self.modes}, but a sequence of {patches} tokens (embedding.patches) has {most} "
            f"frequencies; make patches at least {2 * self.modes - 2}, or modes smaller"
        )


class VIBT(BackboneConfig):
    """Transformer whose blocks are scaled, shifted and gated by the mean token (as in DiT, Peebles and Xie 2023)."""

    implementation: ClassVar[str] = "twostage.models.backbones.vibt:VIBT"
    legacy: ClassVar[str] = "B_10_VIBT"
    paper: ClassVar[str] = "Peebles and Xie 2023, Scalable Diffusion Models with Transformers (its modulated blocks)"

    kind: Literal["vibt"] = "vibt"
    layers: Count = Field(2, description="Transformer blocks.")
    heads: Count = Field(4, description="Attention heads.")
    mlp_ratio: Count = Field(4, description="Hidden features of the feed-forward part, as a multiple of embedding.dim.")

    def misfit(self, *, dim: int, patches: int) -> str | None:  # noqa: ARG002 - one signature for all
        """Heads share the features evenly."""
        return uneven("backbone", dim, self.heads)


Backbone = Annotated[
    DLinear | PatchTST | Transformer | TimesNet | FNO | VIBT, Family("twostage.backbones", "kind", BackboneConfig)
]
