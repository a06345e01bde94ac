"""Plain Python data as a tree, so that a mapping goes the same way as a file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from twostage.config.checking.words import found_words
from twostage.config.problems import DocumentError
from twostage.config.reading.tree import KeyPath, Layer, Node, Place, dotted, problem_at
from twostage.config.reading.yaml_tree import MAX_DEPTH


def mapping_tree(data: Mapping[Any, Any], layer: Layer) -> Node:
    """The tree of a mapping; DocumentError for what a YAML document could not hold."""
    return _node(data, Place(layer), ())


def _node(value: Any, place: Place, path: KeyPath) -> Node:
    if len(path) > MAX_DEPTH:
        raise DocumentError([problem_at(place, "", f"nested more than {MAX_DEPTH} levels deep", code="too_deep")])
    if isinstance(value, Mapping):
        entries = {_key(key, place, path): _node(child, place, (*path, str(key))) for key, child in value.items()}
        return Node({key: child.under(place) for key, child in entries.items()}, place)
    if isinstance(value, list | tuple):
        return Node([_node(child, place, (*path, index)) for index, child in enumerate(value)], place)
    kept = path[:1] == ("legacy",)  # whatever an old file says
    if value is None or isinstance(value, bool | int | str):
        return Node(value, place)
    if isinstance(value, float) and (kept or math.isfinite(value)):
        return Node(value, place)
    message = f"expected text, a finite number, true, false, a list or a mapping, found {found_words(value)}"
    raise DocumentError([problem_at(place, dotted(path), message, code="wrong_type")])


def _key(key: Any, place: Place, path: KeyPath) -> str:
    if isinstance(key, str):
        return key
    message = f"expected text as key, found {found_words(key)}"
    raise DocumentError([problem_at(place, dotted(path), message, code="key_type")])
