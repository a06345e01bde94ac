"""Scalars of YAML 1.1 as PyYAML 6 reads them with ``safe_load`` (yaml.org/type, with PyYAML's deviations).

``5e-4`` is text, because PyYAML asks for a point and a signed exponent; ``010`` is 8; ``1:30`` is 90; ``on`` is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from twostage.config.reading.tree import Scalar
from twostage.config.reading.yaml_scalars import CORE, MAX_DIGITS

Kind = Literal["str", "null", "bool", "int", "float", "timestamp", "merge", "value"]

BOOLEANS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}

# The kinds exclude one another, so their order does not matter.
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("null", re.compile(r"~|null|Null|NULL|")),
    ("bool", re.compile("|".join(f"{word}|{word.title()}|{word.upper()}" for word in BOOLEANS))),
    (
        "int",
        re.compile(
            r"[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)",
        ),
    ),
    (
        "float",
        re.compile(
            r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?"
            r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"
            r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        ),
    ),
    (
        "timestamp",
        re.compile(
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
            r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?",
        ),
    ),
    ("merge", re.compile("<<")),
    ("value", re.compile("=")),
)


def plain_kind(text: str) -> Kind:
    """What an unquoted scalar is."""
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(text)), "str")


def resolve(text: str, tag: str | None, *, plain: bool) -> tuple[Scalar, Kind]:
    """The value of a scalar and its kind; a date keeps its text.

    Raises KeyError for a tag that no plain value has, and ValueError where PyYAML fails to read the text.
    """
    if tag == "!" or (tag is None and plain):
        kind = plain_kind(text)
    elif tag is None:
        kind = "str"
    else:
        kind = _TAGS[tag]
    if kind in {"int", "float"} and len(text) > MAX_DIGITS:
        raise ValueError(f"a number of more than {MAX_DIGITS} digits")
    try:
        return _READERS[kind](text), kind
    except (ValueError, KeyError) as error:
        raise ValueError(f"{text}, which the old loader fails to read") from error


def _int(text: str) -> int:
    sign, digits = _signed(text)
    if digits.startswith(("0b", "0x")):
        return sign * int(digits[2:], 2 if digits[1] == "b" else 16)
    if digits.startswith("0") and digits != "0":
        return sign * int(digits, 8)
    return sign * int(_sixtieths(digits, int))


def _float(text: str) -> float:
    sign, digits = _signed(text.lower())
    if digits in {".inf", ".nan"}:
        return sign * float(digits[1:])
    return sign * float(_sixtieths(digits, float))


def _signed(text: str) -> tuple[int, str]:
    """Sign and digits; PyYAML drops the underlines first, wherever they stand."""
    digits = text.replace("_", "")
    sign = -1 if digits.startswith("-") else 1
    return sign, digits[1:] if digits.startswith(("-", "+")) else digits


def _sixtieths(digits: str, read: Callable[[str], float]) -> float:
    total = read("0")
    for part in digits.split(":"):
        total = total * 60 + read(part)
    return total


def _bool(text: str) -> bool:
    return BOOLEANS[text.lower()]


def _null(_text: str) -> None:
    return None


_READERS: dict[Kind, Callable[[str], Scalar]] = {
    "str": str,
    "null": _null,
    "bool": _bool,
    "int": _int,
    "float": _float,
    "timestamp": str,
    "merge": str,
    "value": str,
}
_TAGS: dict[str, Kind] = {
    CORE + "str": "str",
    CORE + "null": "null",
    CORE + "bool": "bool",
    CORE + "int": "int",
    CORE + "float": "float",
    CORE + "timestamp": "timestamp",
}
