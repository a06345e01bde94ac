"""Plain documents as leaves: what is counted, mapped and kept.

A leaf is a scalar, a list that is no list of mappings, or an empty mapping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

KeyPath = tuple[str | int, ...]


def is_branch(value: Any) -> bool:
    """Whether a value has leaves below it and is none itself."""
    if isinstance(value, Mapping):
        return bool(value)
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def children(value: Any) -> Iterator[tuple[str | int, Any]]:
    """Keys and values of a mapping, or indices and items of a list."""
    yield from value.items() if isinstance(value, Mapping) else enumerate(value)


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every leaf with its path, in the order of the document."""
    if not is_branch(value):
        yield path, value
        return
    for key, child in children(value):
        yield from leaves(child, (*path, key))


def at(value: Any, path: KeyPath) -> Any:
    """What stands at a path; KeyError where nothing does."""
    for key in path:
        if not has(value, key):
            raise KeyError(path)
        value = value[key]
    return value


def has(value: Any, key: str | int) -> bool:
    """Whether a mapping or list has an entry."""
    return key in value if isinstance(value, Mapping) else isinstance(value, list) and key in range(len(value))


def put(value: dict[str, Any], path: KeyPath, leaf: Any) -> None:
    """Set a leaf, with the mappings and lists around it. Lists grow item by item."""
    holder: Any = value
    for key, after in pairwise(path):
        fresh: Any = [] if isinstance(after, int) else {}
        if isinstance(holder, list):
            holder += [{} for _ in range(int(key) + 1 - len(holder))]
        if not has(holder, key) or holder[key] is None or holder[key] in ({}, []):
            holder[key] = fresh
        holder = holder[key]
    if isinstance(holder, list):
        holder += [{} for _ in range(int(path[-1]) + 1 - len(holder))]
    holder[path[-1]] = leaf


def bars(value: Any, path: KeyPath) -> bool:
    """Whether something stands where a leaf would have to go: a value around it, or a mapping in its place."""
    for key in path:
        if value is None or value in ({}, []):
            return False
        if isinstance(value, list) and isinstance(key, int):
            value = value[key] if key < len(value) else {}
        elif isinstance(value, Mapping):
            value = value.get(key)
        else:
            return True
    return is_branch(value)


def over(under: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """One document over another, as the old loader merged them: mappings key by key, everything else as a whole."""
    result = dict(under)
    for key, value in upper.items():
        below = result.get(key)
        result[key] = over(below, value) if isinstance(below, Mapping) and isinstance(value, Mapping) else value
    return result


def same(left: Any, right: Any) -> bool:
    """Equality of plain values where types and the order of keys count."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, float) and isinstance(right, float):
        return repr(left) == repr(right)  # a value that is no number equals itself here, and minus zero is not zero
    return type(left) is type(right) and left == right


def dotted(path: KeyPath) -> str:
    """A path for people: ``stages[0].overrides.task.lr``; a key with a dot of its own is quoted."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            name = f'"{key}"' if "." in key or "[" in key else key
            text += f".{name}" if text else name
    return text
