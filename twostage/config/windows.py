"""Where windows lie inside a recording."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twostage.config.base import Count, Section

WindowLength = Annotated[int, Field(ge=8)]
_LENGTH = Field(1024, description="Samples per window.")


class EvenlySpaced(Section):
    """A fixed number of windows, spread over the whole recording; starts are distinct."""

    placement: Literal["evenly_spaced"] = "evenly_spaced"
    length: WindowLength = _LENGTH
    per_recording: Count = Field(
        64, description="Windows per recording; fewer where it is too short for distinct starts."
    )


class Sequential(Section):
    """Windows one stride after another, from the start of the recording."""

    placement: Literal["sequential"] = "sequential"
    length: WindowLength = _LENGTH
    stride: Count = Field(512, description="Samples from one window's start to the next.")
    per_recording: Count | None = Field(None, description="At most this many windows per recording; null takes all.")


class RandomlyPlaced(Section):
    """Distinct starts drawn at random, the same for the same seed."""

    placement: Literal["random"] = "random"
    length: WindowLength = _LENGTH
    per_recording: Count = Field(
        64, description="Windows per recording; fewer where it is too short for distinct starts."
    )
    seed: int = Field(0, ge=0, description="Seed of the draw.")


Windows = Annotated[EvenlySpaced | Sequential | RandomlyPlaced, Field(discriminator="placement")]
