"""How much windows of each class count in a loss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twostage.config.base import FromList, Positive

ClassWeights = Literal["balanced"] | Annotated[tuple[Positive, ...], FromList, Field(min_length=2)]
CLASS_WEIGHTS_TEXT = (
    "How much windows of each class count, in the order of the labels; only ratios count. balanced: every class of a "
    "system counts as much as another, however many windows it has. null: every window counts alike."
)
