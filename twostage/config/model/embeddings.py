"""Embeddings: from a window to tokens."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Component, Count


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


Embedding = Annotated[HSE, Field()]
