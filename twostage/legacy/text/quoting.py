"""Scalars that YAML 1.1 (PyYAML) and YAML 1.2 (our reader) read alike."""

from __future__ import annotations

import math
import re
from typing import Any

from twostage.config.reading.yaml_scalars import MAX_DIGITS, resolve_plain
from twostage.legacy.text.scalars import plain_kind

_START = re.compile(r"[\w./(~$<+]")
_MARKS = re.compile(r":(?:\s|$)|\s#|[\t\n\r]")
_FLOW_MARKS = re.compile(r"[,\[\]{}?:#]")
# What YAML wants escaped, with line breaks, the no-break space and the byte order mark, which nobody would see.
_HIDDEN = re.compile("[\\x00-\\x1f\\x7f-\\xa0\\u2028\\u2029\\ud800-\\udfff\\ufeff\\ufffe\\uffff]")
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}
_ESCAPE_FORMS = (("x", 2), ("u", 4), ("U", 8))


def scalar_text(value: Any, *, flow: bool) -> str:
    """A scalar on one line; ``flow`` where it stands in brackets.

    Raises TypeError for what is no scalar, and ValueError for a whole number that readers refuse for its length.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _int_text(value)
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, str):
        return string_text(value, flow=flow)
    raise TypeError(f"{type(value).__name__} cannot be written as YAML; expected text, a number, true, false or null")


def string_text(text: str, *, flow: bool) -> str:
    """Text on one line, without quotes where no reader would take it for anything else."""
    if _reads_as_text(text) and not (flow and _FLOW_MARKS.search(text)):
        return text
    if ("\\" in text or '"' in text) and not ("'" in text or _HIDDEN.search(text)):
        return f"'{text}'"
    return '"' + _HIDDEN.sub(_escape, text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def literal_lines(text: str) -> tuple[str, list[str]] | None:
    """The sign and the lines of a literal block, or None where a block would not bring the text back."""
    body = text.removesuffix("\n")
    lines = body.split("\n")
    if "\n" not in text or lines[0][:1] in {"", " "} or not lines[-1]:
        return None
    if any(_HIDDEN.search(line) or (line and not line.strip()) for line in lines):
        return None
    return ("|" if text.endswith("\n") else "|-"), lines


def _reads_as_text(text: str) -> bool:
    if not _START.match(text) or text != text.strip() or _HIDDEN.search(text) or _MARKS.search(text):
        return False
    if text.startswith(("---", "...")) or plain_kind(text) != "str":
        return False
    return len(text) <= MAX_DIGITS and isinstance(resolve_plain(text), str)


def _int_text(value: int) -> str:
    if value.bit_length() > MAX_DIGITS * 3 and abs(value) >= 10**MAX_DIGITS:
        raise ValueError(f"a whole number of more than {MAX_DIGITS} digits cannot be written as YAML")
    return str(value)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    digits, e, exponent = repr(value).partition("e")
    return f"{digits if '.' in digits else digits + '.0'}{e}{exponent}"


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in _ESCAPES:
        return _ESCAPES[character]
    digits = f"{ord(character):x}"
    letter, width = next(form for form in _ESCAPE_FORMS if len(digits) <= form[1])
    return f"\\{letter}{digits:0>{width}}"
