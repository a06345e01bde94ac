"""Axes of a sweep: each is one thing that is tried in several ways."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from twostage.config.base import Count, FromList, Section
from twostage.config.fan_out import SEED_RANGE
from twostage.config.reading.merge import DISCRIMINATORS
from twostage.config.variant import Variant, distinct, refuse_key

_NAME = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
_LONGEST_LABEL = 24
AxisName = Annotated[
    str, Field(description="Name of the axis, also in names of folders.", max_length=32, pattern=_NAME)
]


class GridAxis(Section):
    """One key with several values. Several such axes are a grid: every value of one with every value of the others."""

    kind: Literal["grid"] = "grid"
    name: AxisName
    key: str = Field(description="Dotted key that the values are for, such as stage_2.optimizer.lr.")
    values: Annotated[tuple[Any, ...], FromList] = Field(description="Values of the key, in turn.", min_length=1)

    @model_validator(mode="after")
    def _one_key_of_a_run(self) -> Self:
        refuse_key(self.key, "key")
        written = [repr(value) for value in self.values]  # 1 and true are equal, and are not the same
        if len(set(written)) < len(written):
            twice = next(value for value in written if written.count(value) > 1)
            raise ValueError(f"axis {self.name} has the value {twice} twice")
        return self

    @property
    def settings(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """A label for each value, and what it sets."""
        return tuple((label, {self.key: value}) for label, value in zip(_labels(self.values), self.values, strict=True))


class ListAxis(Section):
    """Named entries that set several keys together."""

    kind: Literal["list"] = "list"
    name: AxisName
    entries: Annotated[tuple[Variant, ...], FromList, Field(min_length=1), AfterValidator(distinct)] = Field(
        description="What is tried: a name, and values by dotted key."
    )

    @property
    def settings(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """The name of each entry, and what it sets."""
        return tuple((entry.name, entry.set) for entry in self.entries)


class SeedsAxis(Section):
    """Every point of the other axes with each of several seeds; tables give mean and deviation over them."""

    kind: Literal["seeds"] = "seeds"
    name: AxisName = Field("seed", description="Name of the axis, for people.")
    count: Count = Field(description="How many seeds.")
    first: int = Field(0, ge=0, description="The first of them; the others count up.")

    @model_validator(mode="after")
    def _seeds_in_range(self) -> Self:
        if self.first + self.count > SEED_RANGE:
            raise ValueError(f"axis {self.name} counts beyond the largest seed ({SEED_RANGE - 1})")
        return self

    @property
    def settings(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        """One setting: all of the seeds, which a document has beside one another by itself."""
        return (("", {"seeds": list(range(self.first, self.first + self.count))}),)


Axis = Annotated[GridAxis | ListAxis | SeedsAxis, Field(discriminator="kind")]


def axes_apart(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """The same axes. Raises ValueError where two have one name or set one key, since one would undo the other."""
    names = [axis.name.casefold() for axis in axes]
    if twice := [axis.name for axis in axes if names.count(axis.name.casefold()) > 1]:
        raise ValueError(f"two axes are called {twice[0]} (upper and lower case are not told apart)")
    owner: dict[str, str] = {}
    for axis in axes:
        mine = {_plain(key) for _, values in axis.settings for key in values}
        for key in sorted(mine):
            if clash := next((other for other in owner if _overlap(key, other)), None):
                raise ValueError(f"axes {owner[clash]} and {axis.name} both set {max(key, clash, key=len)}")
        owner |= dict.fromkeys(mine, axis.name)
    return axes


def overlapping(first: dict[str, Any], second: dict[str, Any]) -> str | None:
    """A key of the second setting that the first sets as well, or a part of it; None where they are apart."""
    return next((key for key in second if any(_overlap(_plain(key), _plain(other)) for other in first)), None)


def _plain(key: str) -> str:
    return re.sub(r"\[(\d+)\]", r".\1", key)


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _labels(values: tuple[Any, ...]) -> list[str]:
    """A short word for each value that can stand in a folder's name; a number where it has none, or not its own."""
    words = [_word(value) for value in values]
    folded = [word.casefold() for word in words]
    return [
        word if word and folded.count(word.casefold()) == 1 else f"{word}-{place}".removeprefix("-")
        for place, word in enumerate(words, 1)
    ]


def _word(value: Any) -> str:
    """A word for a value: of a section its kind, or its only key and value; "" where it would be long."""
    if isinstance(value, dict):
        kinds = [value[name] for name in DISCRIMINATORS if name in value]
        words = [str(part) for item in value.items() for part in item] if len(value) == 1 else [""]
        text = _word(kinds[0]) if kinds else _joined(words)
    elif isinstance(value, list | tuple):
        text = _joined([_word(item) for item in value])
    else:
        text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    text = re.sub(r"[^A-Za-z0-9]+$", "", re.sub(r"[^A-Za-z0-9.-]+", "-", text))
    return text if len(text) <= _LONGEST_LABEL else ""


def _joined(words: list[str]) -> str:
    return "-".join(words) if all(words) else ""
