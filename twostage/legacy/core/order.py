"""The order of an old file's keys, and rebuilding the file in it.

An order is a list of keys; a mapping that is not kept whole is ``{key: order}``, a list of mappings ``{key: [order,
order, ...]}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from twostage.legacy.core.leaves import KeyPath, is_branch, leaves, put

Order = list[Any]


def order_of(value: Mapping[str, Any], kept: Mapping[KeyPath, Any], path: KeyPath = ()) -> Order:
    """The order of a mapping; a part all of whose leaves are kept is named and not entered."""
    return [_entry(key, child, kept, (*path, key)) for key, child in value.items()]


def _entry(key: str, child: Any, kept: Mapping[KeyPath, Any], path: KeyPath) -> Any:
    if not is_branch(child) or all(leaf in kept for leaf, _ in leaves(child, path)):
        return key
    if isinstance(child, Mapping):
        return {key: order_of(child, kept, path)}
    return {key: [order_of(item, kept, (*path, index)) for index, item in enumerate(child)]}


def rebuild(
    order: Sequence[Any], kept: Any, mapped: Mapping[KeyPath, Any], path: KeyPath = ()
) -> tuple[dict[str, Any], set[KeyPath]]:
    """The mapping that an order describes, from kept and mapped values, and the mapped paths that it holds."""
    result: dict[str, Any] = {}
    placed: set[KeyPath] = set()
    for entry in order:
        if isinstance(entry, Mapping):
            ((key, inner),) = entry.items()
            value, inside = _rebuild_inner(inner, _inside(kept, key), mapped, (*path, key))
            placed |= inside
            if value or not path:  # a section whose keys are all deleted is empty, and still a section
                result[key] = value
        elif (*path, entry) in mapped and not is_branch(_inside(kept, entry)):
            result[entry] = mapped[(*path, entry)]
            placed.add((*path, entry))
        elif isinstance(kept, Mapping) and entry in kept:
            result[entry] = deepcopy(kept[entry])
    return result, placed


def _rebuild_inner(
    inner: Sequence[Any], kept: Any, mapped: Mapping[KeyPath, Any], path: KeyPath
) -> tuple[Any, set[KeyPath]]:
    if not all(isinstance(each, Sequence) and not isinstance(each, str) for each in inner):
        return rebuild(inner, kept, mapped, path)
    parts = [rebuild(each, _inside(kept, index), mapped, (*path, index)) for index, each in enumerate(inner)]
    return [value for value, _ in parts], {where for _, inside in parts for where in inside}


def _inside(kept: Any, key: str | int) -> Any:
    if isinstance(kept, Mapping):
        return kept.get(str(key), {})
    if isinstance(kept, Sequence) and isinstance(key, int) and key < len(kept):
        return kept[key]
    return {}


def addresses(order: Sequence[Any], kept: Any, path: KeyPath = ()) -> list[KeyPath]:
    """The paths of an order that are not kept: those that are mapped."""
    found: list[KeyPath] = []
    for entry in order:
        if not isinstance(entry, Mapping):
            if not (isinstance(kept, Mapping) and entry in kept):
                found.append((*path, entry))
            continue
        ((key, inner),) = entry.items()
        below = _inside(kept, key)
        if all(isinstance(each, Sequence) and not isinstance(each, str) for each in inner):
            for index, each in enumerate(inner):
                found += addresses(each, _inside(below, index), (*path, key, index))
        else:
            found += addresses(inner, below, (*path, key))
    return found


def nested(flat: Mapping[KeyPath, Any]) -> dict[str, Any]:
    """Leaves by path as one nested mapping."""
    result: dict[str, Any] = {}
    for path, value in flat.items():
        put(result, path, value)
    return result
