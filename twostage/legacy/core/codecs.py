"""Values between the two documents: each codec has both directions.

``decode`` raises NotHere for a value that the new document cannot hold. ``decode(encode(new)) == new`` for every new
value that a codec can make; an old spelling that ``encode`` does not give back is remembered beside the document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from twostage.legacy.core.backward import NO_WORD
from twostage.legacy.core.forward import NotHere


class Codec(Protocol):
    """Both directions of one kind of value."""

    def decode(self, old: Any) -> Any:
        """The new value."""
        ...

    def encode(self, new: Any) -> Any:
        """The usual old spelling of a new value; NO_WORD where there is none."""
        ...


def _number(old: Any, kind: str) -> float:
    if isinstance(old, bool) or not isinstance(old, int | float | str):
        raise NotHere(f"expected {kind}, found {old!r}")
    try:
        return float(old)
    except (ValueError, OverflowError) as error:
        raise NotHere(f"expected {kind}, found {old!r}") from error


@dataclass(frozen=True)
class Number:
    """A number with a fraction. Text such as ``5e-4``, which the old loader did not read as a number, is one too."""

    least: float | None = None
    above: float | None = None
    below: float | None = None

    def decode(self, old: Any) -> float:
        """As a float within the limits."""
        value = _number(old, "a number")
        if not (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and abs(value) < float("inf")
        ):
            raise NotHere(f"{old!r} is out of range")
        return value

    def encode(self, new: Any) -> Any:
        """As it is."""
        return new


@dataclass(frozen=True)
class Whole:
    """A whole number of at least ``least``, and below ``below`` where that is given."""

    least: int = 1
    below: int | None = None

    def decode(self, old: Any) -> int:
        """As an int; ``100.0`` is one too."""
        value = old if type(old) is int else _number(old, "a whole number")
        broken = isinstance(value, float) and not value.is_integer()
        if broken or value < self.least:
            raise NotHere(f"expected a whole number of at least {self.least}, found {old!r}")
        if self.below is not None and value >= self.below:
            raise NotHere(f"expected a whole number below {self.below}, found {old!r}")
        return int(value)

    def encode(self, new: Any) -> Any:
        """As it is."""
        return new


@dataclass(frozen=True)
class Flag:
    """True or false, also as text."""

    def decode(self, old: Any) -> bool:
        """Of text only the two words; the old code took any text for true."""
        word = _folded(old)
        if isinstance(word, bool | str) and word in {True, False, "true", "false"}:
            return word in {True, "true"}
        raise NotHere(f"expected true or false, found {old!r}")

    def encode(self, new: Any) -> Any:
        """As it is."""
        return new


@dataclass(frozen=True)
class Text:
    """Text that is not empty."""

    def decode(self, old: Any) -> str:
        """As it is."""
        if not isinstance(old, str) or not old:
            raise NotHere(f"expected text, found {old!r}")
        return old

    def encode(self, new: Any) -> Any:
        """As it is."""
        return new


@dataclass(frozen=True)
class Ids:
    """A list of distinct whole numbers, also as text; a single number stands for a list of one."""

    def decode(self, old: Any) -> list[int]:
        """As a list; a number that is named again adds nothing."""
        items = old if isinstance(old, list) else [old]
        numbers = [_whole(item) for item in items]
        found = [number for number in numbers if number is not None]
        if not found or len(found) != len(numbers):
            raise NotHere(f"expected a list of whole numbers, found {old!r}")
        return list(dict.fromkeys(found))

    def encode(self, new: Any) -> Any:
        """As a list."""
        return list(new)


@dataclass(frozen=True)
class Choice:
    """Words of the old document by words of the new one; of several spellings the first is the usual one.

    Words are compared without regard to case.
    """

    spellings: Mapping[Any, tuple[Any, ...]]

    def decode(self, old: Any) -> Any:
        """The new word."""
        plain = _folded(old)
        for new, olds in self.spellings.items():
            if any(type(plain) is type(_folded(each)) and plain == _folded(each) for each in olds):
                return new
        known = ", ".join(repr(olds[0]) for olds in self.spellings.values())
        raise NotHere(f"{old!r} is none of {known}")

    def encode(self, new: Any) -> Any:
        """The usual old word."""
        return self.spellings[new][0] if new in self.spellings else NO_WORD


def _whole(value: Any) -> int | None:
    """A whole number, or text that is one."""
    if type(value) is int:
        return value
    digits = value.strip().removeprefix("-") if isinstance(value, str) else ""
    return int(value) if digits.isascii() and digits.isdecimal() else None


def _folded(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value
