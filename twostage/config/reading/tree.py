"""A document as a tree that remembers where each part was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from twostage.config.problems import Problem, position

KeyPath = tuple[str | int, ...]
Scalar = str | int | float | bool | None
LayerKind = Literal["file", "base", "local", "override", "mapping", "preset", "default"]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One text that a document is made of. Relative paths inside it start at ``folder``."""

    kind: LayerKind
    name: str
    folder: str
    lines: tuple[str, ...] = ()
    included_from: Place | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a layer, counted from 1; without a line where the layer has none."""

    layer: Layer
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return position(self.layer.name, self.line, self.column)

    @property
    def source_line(self) -> str:
        """The line of text that holds this spot."""
        if self.line is None or not 0 < self.line <= len(self.layer.lines):
            return ""
        return self.layer.lines[self.line - 1]


@dataclass(frozen=True, slots=True)
class Node:
    """A value, where it stands, and where its key stands if it has one."""

    value: Scalar | dict[str, Node] | list[Node]
    place: Place
    key_place: Place | None = None

    def under(self, key_place: Place) -> Node:
        """The same value as the entry of another key."""
        return replace(self, key_place=key_place)

    @property
    def start(self) -> Place:
        """Where a reader looks for this entry: at its key, else at its value."""
        return self.key_place or self.place


def dotted(path: KeyPath) -> str:
    """``stage_2.targets[0].system``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


def plain(node: Node) -> Any:
    """The tree as plain Python data."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def find(node: Node, path: KeyPath) -> Node | None:
    """The node at a path, or None."""
    for key in path:
        below = child(node, key)
        if below is None:
            return None
        node = below
    return node


def child(node: Node, key: str | int) -> Node | None:
    """The entry of a mapping or list, or None."""
    if isinstance(node.value, dict) and isinstance(key, str):
        return node.value.get(key)
    if isinstance(node.value, list) and isinstance(key, int) and 0 <= key < len(node.value):
        return node.value[key]
    return None


def nearest(node: Node, path: KeyPath) -> Node:
    """The deepest node on the way to a path that was written."""
    for key in path:
        below = child(node, key)
        if below is None:
            break
        node = below
    return node


def problem_at(place: Place, key: str, message: str, **rest: str) -> Problem:
    """A problem at a place, with its source line and the chain of files that led there."""
    return Problem(
        file=place.layer.name,
        line=place.line,
        column=place.column,
        key=key,
        message=message,
        source_line=place.source_line,
        included_from=tuple(_chain(place)),
        **rest,
    )


def _chain(place: Place) -> Iterator[str]:
    above = place.layer.included_from
    while above is not None:
        yield str(above)
        above = above.layer.included_from
