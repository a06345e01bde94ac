"""What is trained beside an adaptation, so that the worth of its pretraining is measured."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from twostage.config.base import FromList

Control = Literal["from_scratch", "untrained", "trivial"]
AUDIT: tuple[Control, ...] = ("from_scratch", "untrained", "trivial")


def _distinct(controls: tuple[Control, ...]) -> tuple[Control, ...]:
    if len(set(controls)) != len(controls):
        raise ValueError("names one control twice")
    return controls


Controls = (
    Literal["audit", "from_scratch", "none"]
    | Annotated[tuple[Control, ...], FromList, Field(min_length=1), AfterValidator(_distinct)]
)


def chosen(written: Controls) -> tuple[Control, ...]:
    """The controls that are asked for, in the order of the audit."""
    if written == "none":
        return ()
    if isinstance(written, str):
        return AUDIT if written == "audit" else ("from_scratch",)
    return tuple(control for control in AUDIT if control in written)
