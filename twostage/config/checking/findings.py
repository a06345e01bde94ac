"""Errors of pydantic, read against the shapes of the document: where each lies and what kind it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from twostage.config.checking.shapes import Shape, locate
from twostage.config.checking.unknown_keys import siblings_at
from twostage.config.problems import reason_of
from twostage.config.reading.tree import KeyPath

CODES = {
    "assertion_error": "rule",
    "bool_type": "wrong_type",
    "dict_type": "wrong_type",
    "extra_forbidden": "unknown_key",
    "finite_number": "not_finite",
    "float_type": "wrong_type",
    "greater_than": "out_of_range",
    "greater_than_equal": "out_of_range",
    "int_type": "wrong_type",
    "less_than": "out_of_range",
    "less_than_equal": "out_of_range",
    "list_type": "wrong_type",
    "literal_error": "not_allowed",
    "missing": "missing_key",
    "model_attributes_type": "wrong_type",
    "model_type": "wrong_type",
    "multiple_of": "out_of_range",
    "none_required": "wrong_type",
    "string_pattern_mismatch": "wrong_pattern",
    "string_too_long": "wrong_length",
    "string_too_short": "wrong_length",
    "string_type": "wrong_type",
    "string_unicode": "wrong_type",
    "too_long": "wrong_length",
    "too_short": "wrong_length",
    "tuple_type": "wrong_type",
    "union_tag_invalid": "unknown_variant",
    "union_tag_not_found": "missing_variant",
    "value_error": "rule",
}
LEAF_CODES = frozenset({"wrong_type", "out_of_range", "not_allowed", "wrong_pattern", "wrong_length", "not_finite"})


@dataclass(frozen=True)
class Finding:
    """One error. ``owner`` is the mapping around it, ``siblings`` the variants that mapping was one of."""

    code: str
    path: KeyPath
    value: Any
    message: str
    shape: Shape | None
    owner: Shape | None
    siblings: Shape | None

    @property
    def key(self) -> str:
        """The last key or index as text."""
        return str(self.path[-1]) if self.path else ""


def findings(error: ValidationError) -> list[Finding]:
    """All errors, without those that pydantic only raises because of another one.

    Where a value may be one of several things, each that it is not raises an error of its own: those about what the
    value holds say more than one about the value, and of several about the value one is enough.
    """
    found = list(_each(error))
    known = {each.path[:depth] for each in found for depth in range(len(each.path))}
    known |= {each.path for each in found if each.code not in LEAF_CODES}
    told: dict[KeyPath, Finding] = {}
    for each in found:
        if each.code in LEAF_CODES and each.path not in known:
            told.setdefault(each.path, each)
    return [each for each in found if each.code not in LEAF_CODES or told.get(each.path) is each]


def _each(error: ValidationError) -> Iterator[Finding]:
    for details in error.errors(include_url=False):
        context = details.get("ctx", {})
        code = CODES.get(details["type"], "invalid")
        value, loc = details["input"], details["loc"]
        if details["type"] == "default_factory_not_called":
            continue  # the value it would look at is reported itself
        if details["type"] == "too_short" and isinstance(value, list) and len(value) >= context["min_length"]:
            continue  # long enough as written: pydantic counts only the valid items
        if code == "missing_key" and loc and isinstance(loc[-1], int):
            code, loc = "wrong_length", loc[:-1]  # a list of fixed length that is too short
        path, owner, shape = locate(loc)
        yield Finding(code, path, value, reason_of(details), shape, owner, siblings_at(loc[:-1]))
