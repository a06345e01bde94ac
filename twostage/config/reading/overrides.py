"""Single values from the command line: ``dotted.key=value``, the value read as YAML.

Indices of lists are allowed (``stage_2.targets.0.system=3``). Overrides that choose a variant come first, in whatever
order they were typed, because another variant replaces its mapping as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from twostage.config.checking.shapes import Shape, root_shape
from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.merge import DISCRIMINATORS, merge
from twostage.config.reading.tree import KeyPath, Layer, Node, Place, dotted
from twostage.config.reading.yaml_tree import MAX_DEPTH, parse_value

_INDEX = re.compile(r"\[(\d+)\]")


def apply_overrides(root: Node, overrides: Sequence[str], tell: Callable[[str], None]) -> tuple[Node, list[Problem]]:
    """The tree with every override in it, and what is wrong with those that could not be applied."""
    problems: list[Problem] = []
    parsed = []
    for text in overrides:
        try:
            parsed.append(_parse(text))
        except DocumentError as error:
            problems += error.problems
    root, misplaced = put_values(root, parsed, tell)
    return root, problems + misplaced


def put_values(
    root: Node, values: Sequence[tuple[KeyPath, Node]], tell: Callable[[str], None]
) -> tuple[Node, list[Problem]]:
    """The tree with these values at their paths, and what is wrong with those that have no place."""
    problems: list[Problem] = []
    for path, value in sorted(values, key=lambda each: each[0][-1] not in DISCRIMINATORS):
        try:
            root = _Override(path, value, tell).put(root, 0, root_shape())
        except DocumentError as error:
            problems += error.problems
    return root, problems


def _parse(text: str) -> tuple[KeyPath, Node]:
    layer = Layer("override", _name(text), str(Path.cwd()))
    key, equals, value = text.partition("=")
    if not equals:
        _refuse(_name(text), "", "expected key=value, such as data.batch_size=32")
    parts = _INDEX.sub(r".\1", key.strip()).split(".")
    if not all(parts) or len(parts) > MAX_DEPTH:
        _refuse(_name(text), key.strip(), "expected a dotted key before '=', such as data.batch_size")
    if parts == ["bases"]:
        _refuse(_name(text), "bases", "the bases of a document cannot be overridden; name them in the file")
    node, problems = parse_value(value, layer)
    if problems:
        raise DocumentError([replace(problem, key=key.strip()) for problem in problems])
    return tuple(int(part) if re.fullmatch(r"[0-9]{1,6}", part) else part for part in parts), node


@dataclass(frozen=True, slots=True)
class _Override:
    """One override on its way down the tree."""

    path: KeyPath
    value: Node
    tell: Callable[[str], None]

    def put(self, node: Node, depth: int, shape: Shape) -> Node:
        """The node, which lies that deep on the path, with the value below it."""
        if depth == len(self.path):
            return merge(node, self.value, self.tell, self.path)
        if isinstance(node.value, list):
            return self._put_item(node, node.value, depth, shape)
        entries = dict(node.value) if isinstance(node.value, dict) else {}
        key, last = str(self.path[depth]), depth + 1 == len(self.path)
        place = self.value.place
        if last and key in DISCRIMINATORS:
            chosen = Node({key: self.value.under(place)}, node.place, node.key_place)
            return merge(node, chosen, self.tell, self.path[:-1])
        below = _below(shape, entries, key)
        entry = entries.get(key)
        if entry is None:
            entry = self.value if last else _new_mapping(below, place)
        entries[key] = self.put(entry, depth + 1, below).under(entry.key_place or place)
        return replace(node, value=entries)

    def _put_item(self, node: Node, items: list[Node], depth: int, shape: Shape) -> Node:
        index = self.path[depth]
        if not isinstance(index, int) or index >= len(items):
            there = f"0 to {len(items) - 1}" if items else "none, because the list is empty"
            message = f"expected the index of a list item ({there}), found {index}"
            _refuse(self.value.place.layer.name, dotted(self.path), message)
        changed = self.put(items[index], depth + 1, shape.item(index) or Shape(()))
        return replace(node, value=[*items[:index], changed, *items[index + 1 :]])


def _below(shape: Shape, entries: dict[str, Node], key: str) -> Shape:
    tag = entries.get(shape.discriminator or "")
    variant = shape.tags.get(str(tag.value)) if tag is not None else None
    return (variant or shape).properties.get(key, Shape(()))


def _new_mapping(shape: Shape, place: Place) -> Node:
    """A mapping that was not written yet keeps the variant that it has by default."""
    tag = shape.discriminator
    default = shape.default.get(tag) if tag and isinstance(shape.default, dict) else None
    if tag is None or default is None:
        return Node({}, place)
    layer = Layer("default", "default", place.layer.folder)
    return Node({tag: Node(default, Place(layer), Place(layer))}, place)


def _name(text: str) -> str:
    return f"override {text}"


def _refuse(name: str, key: str, message: str) -> NoReturn:
    raise DocumentError([Problem(name, None, None, key, message, code="override")])
