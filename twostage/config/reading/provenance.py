"""Where each value of a resolved document came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twostage.config.problems import position
from twostage.config.reading.tree import KeyPath, LayerKind, Node, Place, find


@dataclass(frozen=True, slots=True)
class Origin:
    """The source of one value. ``text`` is the file, or ``override`` and what was typed."""

    kind: LayerKind
    text: str = ""
    line: int | None = None

    def __str__(self) -> str:
        if self.kind == "default":
            return "default"
        name = position(self.text, self.line, None)
        return f"{self.kind} {name}" if self.kind in {"base", "local"} else name


DEFAULT = Origin("default")


def leaves(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """The values of plain data that hold no others, an empty mapping or list among them."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list) and data:
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))
    else:
        yield path, data


def origins(root: Node, data: Any) -> dict[KeyPath, Origin]:
    """The origin of each leaf of a resolved document, given the tree it was read from."""
    return {path: _origin(find(root, path)) for path, _ in leaves(data)}


def _origin(node: Node | None) -> Origin:
    return DEFAULT if node is None else origin_of(node.place)


def origin_of(place: Place) -> Origin:
    """A place as an origin."""
    return Origin(place.layer.kind, place.layer.name, place.line)
