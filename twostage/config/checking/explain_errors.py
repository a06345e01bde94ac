"""A finding as a problem: its place in the file, plain words, and what to write instead."""

from __future__ import annotations

import re
from typing import Any

from twostage.config.checking.findings import Finding
from twostage.config.checking.shapes import Shape
from twostage.config.checking.suggest import nearest_name
from twostage.config.checking.unknown_keys import advice
from twostage.config.checking.words import choice, expected_words, found_words
from twostage.config.problems import Problem
from twostage.config.reading.tree import KeyPath, Node, Place, child, dotted, find, nearest, plain, problem_at

_YAML_1_1_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def explain(finding: Finding, root: Node) -> Problem:
    """The problem that a person reads."""
    tell = {
        "unknown_key": _unknown_key,
        "missing_key": _missing_key,
        "missing_variant": _missing_variant,
        "unknown_variant": _unknown_variant,
        "rule": _rule,
    }.get(finding.code, _bad_value)
    return tell(finding, root)


def _unknown_key(finding: Finding, root: Node) -> Problem:
    written = _written(root, finding.path[:-1])
    owner = finding.owner or Shape(())
    return problem_at(
        nearest(root, finding.path).start,
        dotted(finding.path),
        "unknown key",
        expected=f"one of {choice(list(owner.properties))}" if owner.properties else "",
        found=finding.key,
        suggestion=advice(finding.key, finding.path[:-1], owner, finding.siblings, written),
        code=finding.code,
    )


def _missing_key(finding: Finding, root: Node) -> Problem:
    expected = expected_words(finding.shape)
    return problem_at(
        nearest(root, finding.path[:-1]).start,
        dotted(finding.path),
        f"this key is missing; expected {expected}",
        expected=expected,
        found="nothing",
        code=finding.code,
    )


def _missing_variant(finding: Finding, root: Node) -> Problem:
    shape = finding.shape or Shape(())
    tag = shape.discriminator or ""
    expected = f"one of {choice(list(shape.tags))}"
    default = shape.default.get(tag) if isinstance(shape.default, dict) else None
    usual = f"without this mapping the default is {tag}: {default}" if default else ""
    slip = nearest_name(tag, [key for key in _written(root, finding.path) if key not in shape.properties])
    return problem_at(
        nearest(root, (*finding.path, slip) if slip else finding.path).start,
        dotted((*finding.path, tag)),
        f"this key is missing; it chooses the variant: expected {expected}",
        expected=expected,
        found="nothing",
        suggestion=f"did you mean {tag} by {slip}?" if slip else usual,
        code=finding.code,
    )


def _unknown_variant(finding: Finding, root: Node) -> Problem:
    shape = finding.shape or Shape(())
    path = (*finding.path, shape.discriminator or "")
    node = nearest(root, path)
    near = nearest_name(node.value, shape.tags) if isinstance(node.value, str) else None
    expected, found = f"one of {choice(list(shape.tags))}", found_words(plain(node))
    return problem_at(
        node.place,
        dotted(path),
        f"expected {expected}, found {found}",
        expected=expected,
        found=found,
        suggestion=f"did you mean {near}?" if near else "",
        code=finding.code,
    )


def _rule(finding: Finding, root: Node) -> Problem:
    return problem_at(_rule_place(finding, root), dotted(finding.path), finding.message, code=finding.code)


def _rule_place(finding: Finding, root: Node) -> Place:
    """At the first key that the rule speaks of, else at the mapping that breaks it."""
    node = nearest(root, finding.path)
    for word in re.findall(r"\w+", finding.message):
        entry = child(node, word)
        if entry is not None:
            return entry.start
    return node.start


def _bad_value(finding: Finding, root: Node) -> Problem:
    expected, found = expected_words(finding.shape), found_words(finding.value)
    known = finding.code != "invalid"
    return problem_at(
        nearest(root, finding.path).place,
        dotted(finding.path),
        f"expected {expected}, found {found}" if known else finding.message,
        expected=expected if known else "",
        found=found,
        suggestion=_better_value(finding.value, finding.shape),
        code=finding.code,
    )


def _better_value(value: Any, shape: Shape | None) -> str:
    """What to write instead, where the intention is plain."""
    if shape is None or isinstance(value, bool):
        return ""
    kinds = {str(each.get("type")) for each in shape.schemas}
    names = [str(name) for each in shape.schemas for name in each.get("enum", [each.get("const")]) if name is not None]
    if isinstance(value, str):
        return _better_text(value, shape, kinds, names)
    if isinstance(value, float) and "integer" in kinds and value.is_integer():
        return f"write {int(value)}"
    if isinstance(value, int | float):
        return _better_number(value, kinds, names)
    return ""


def _better_number(value: float, kinds: set[str], names: list[str]) -> str:
    if "array" in kinds:
        return f"write [{value}]"
    return f"write '{value}' in quotes" if "string" in kinds and not names else ""


def _better_text(value: str, shape: Shape, kinds: set[str], names: list[str]) -> str:
    if "boolean" in kinds and value.lower() in _YAML_1_1_BOOLEANS:
        return f"write {_YAML_1_1_BOOLEANS[value.lower()]}"
    if kinds & {"integer", "number"} and re.fullmatch(r"[-+]?[\d_]+(\.\d*)?([eE][-+]?\d+)?", value):
        return f"write {value.replace('_', '')} without quotes"
    if value in shape.tags:
        return f"write {{{shape.discriminator}: {value}}}"
    near = nearest_name(value, names or list(shape.tags))
    return f"did you mean {near}?" if near else ""


def _written(root: Node, path: KeyPath) -> dict[str, Node]:
    node = find(root, path)
    return node.value if node is not None and isinstance(node.value, dict) else {}
