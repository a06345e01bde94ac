"""Long lists on a screen: the first of them, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rich.text import Text

MOST_ROWS = 100
MOST_TABLES = 20
EXPORT = "twostage runs export has all numbers"

Thing = TypeVar("Thing")


def first(things: Sequence[Thing], most: int, *, what: str, where: str) -> tuple[Sequence[Thing], list[Text]]:
    """The things that are shown, and a line on the rest, which ``where`` has; no line where there is no rest."""
    left = len(things) - most
    verb = "is" if left == 1 else "are"
    return things[:most], [Text(f"{left:,} more {what} {verb} not shown; {where}.")] if left > 0 else []
