"""Plain scalars of YAML 1.2 (core schema, chapter 10.3 of the specification).

Nothing else is recognised: ``yes`` and ``2024-01-01`` are text, ``1e-4`` is a number, ``1_000`` is text.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from twostage.config.reading.tree import Scalar

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
CORE = "tag:yaml.org,2002:"
MAX_DIGITS = 1000  # Python refuses to read whole numbers of more than 4300 digits

_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL_OR_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def resolve_plain(text: str) -> Scalar:
    """The value that an unquoted scalar stands for; ValueError for a number that is out of reach."""
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    number = resolve_number(text)
    return text if number is None else number


def resolve_number(text: str) -> int | float | None:
    """The number that a text is, or None."""
    if len(text) > MAX_DIGITS and (_FLOAT.fullmatch(text) or _OCTAL_OR_HEX.fullmatch(text)):
        raise ValueError(f"a number of more than {MAX_DIGITS} digits")
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL_OR_HEX.fullmatch(text):
        return int(text, 0)
    if _INFINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return float(text) if _FLOAT.fullmatch(text) else None


def resolve(text: str, tag: str | None, *, plain: bool) -> Scalar:
    """The value of a scalar; KeyError for a tag outside the core schema, ValueError for text that is not of it."""
    if tag is None and plain:
        return resolve_plain(text)
    if tag in {None, "!", CORE + "str"}:
        return text
    kind = str(tag).removeprefix(CORE) if str(tag).startswith(CORE) else str(tag)
    value = _READERS[kind](text)
    if value is None and kind != "null":
        raise ValueError(f"{text!r} under the tag !!{kind}")
    return value


def _int(text: str) -> int | None:
    number = resolve_number(text)
    return number if isinstance(number, int) else None


def _float(text: str) -> float | None:
    number = resolve_number(text)
    return None if number is None else float(number)


def _null(text: str) -> None:
    if text not in NULLS:
        raise ValueError(f"{text!r} under the tag !!null")


_READERS: dict[str, Callable[[str], Scalar]] = {"int": _int, "float": _float, "bool": BOOLEANS.get, "null": _null}
