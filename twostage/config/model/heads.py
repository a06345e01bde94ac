"""Heads: from tokens to answers."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Component, Count
from twostage.config.plugins import Family


class HeadConfig(Component):
    """What every classification head has. Its class is built with ``dim`` and ``classes`` (their number by system)."""

    kind: str
    share: Literal["per_system", "shared"] = Field(
        "per_system", description="One output for each system, or one for the union of their classes."
    )

    def misfit(self, *, dim: int, at: str = "head") -> str | None:  # noqa: ARG002 - one signature for all
        """Say why this head, written at key ``at``, cannot work on tokens of ``dim`` features; or None."""
        return None


class LinearHead(HeadConfig):
    """Mean over tokens, then one linear layer per system."""

    implementation: ClassVar[str] = "twostage.models.heads.linear:LinearHead"
    legacy: ClassVar[str] = "H_01_Linear_cla"

    kind: Literal["linear"] = "linear"
    share: Literal["per_system", "shared"] = Field(
        "per_system", description="One output layer for each system, or one for the union of their classes."
    )


class DistanceHead(HeadConfig):
    """A summary of the tokens is compared with one learnt vector per class, by inner product."""

    implementation: ClassVar[str] = "twostage.models.heads.distance:DistanceHead"
    legacy: ClassVar[str] = "H_02_distance_cla"

    kind: Literal["distance"] = "distance"
    share: Literal["per_system", "shared"] = Field(
        "per_system", description="Class vectors for each system, or for the union of their classes."
    )
    heads: Count = Field(8, description="Attention heads with which the mean token looks at all tokens.")

    def misfit(self, *, dim: int, at: str = "head") -> str | None:
        """Say why this head, written at key ``at``, cannot work on tokens of ``dim`` features; or None."""
        return uneven(at, dim, self.heads)


class PerceptronHead(HeadConfig):
    """Mean over tokens, then a perceptron with one hidden layer per system."""

    implementation: ClassVar[str] = "twostage.models.heads.perceptron:PerceptronHead"

    kind: Literal["perceptron"] = "perceptron"
    hidden: Count | None = Field(None, description="Features of the hidden layer; null takes half of a token's.")
    activation: Literal["relu", "gelu", "tanh", "sigmoid", "leaky_relu", "elu"] = Field(
        "relu", description="Activation of the hidden layer; leaky_relu has slope 0.1."
    )


ClassificationHead = Annotated[LinearHead | DistanceHead | PerceptronHead, Family("twostage.heads", "kind", HeadConfig)]


def uneven(part: str, dim: int, heads: int) -> str | None:
    """Say that the attention heads of ``part`` cannot share ``dim`` features evenly, or None when they can."""
    if dim % heads == 0:
        return None
    near = " or ".join(str(n) for n in (dim - dim % heads, dim - dim % heads + heads) if n)
    return (
        f"embedding.dim is {dim} and {part}.heads is {heads}, but every head needs the same number of "
        f"features; make dim a multiple of heads, such as {near}"
    )
