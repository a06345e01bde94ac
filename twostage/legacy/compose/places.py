"""The new document of composed old ones, each value at the place of the old one that it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twostage.config.reading.tree import KeyPath, Node, Place
from twostage.legacy.compose.whole import Composed


def new_tree(document: Mapping[str, Any], uses: Mapping[KeyPath, Sequence[KeyPath]], old: Sequence[Composed]) -> Node:
    """``uses`` gives the keys of ``document`` that each old value went to; old paths start with the file's number.

    What no old value stands for is where the first value below or above it is.
    """
    places: dict[KeyPath, Place] = {}
    for path, targets in uses.items():
        found = old[int(path[0])].place(path[1:])
        for target in targets:
            for depth in range(len(target), 0, -1):
                places.setdefault(target[:depth], found)
    first = old[0].tree.place
    return _node(document, (), places, Place(first.layer, 1, 1))


def _node(value: Any, path: KeyPath, places: Mapping[KeyPath, Place], above: Place) -> Node:
    place = places.get(path, above)
    if isinstance(value, Mapping):
        entries = {key: _node(child, (*path, key), places, place) for key, child in value.items()}
        return Node({key: child.under(child.place) for key, child in entries.items()}, place)
    if isinstance(value, list | tuple):
        return Node([_node(child, (*path, index), places, place) for index, child in enumerate(value)], place)
    return Node(value, place)
