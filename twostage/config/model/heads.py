"""Heads: from tokens to answers."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from twostage.config.base import Component


class LinearHead(Component):
    """Mean over tokens, then one linear layer per system."""

    implementation: ClassVar[str] = "twostage.models.heads.linear:LinearHead"

    kind: Literal["linear"] = "linear"
    share: Literal["per_system", "shared"] = Field(
        "per_system", description="One output layer for each system, or one for the union of their classes."
    )
