"""Laying one document over another.

Mappings merge key by key; lists and scalars replace. One exception: where the overlay names another variant of a
mapping (another ``kind``, ``unit``, ...), it replaces the mapping as a whole. The keys of one variant mean nothing,
or something else, to another: ``gamma`` of a step schedule has no place under a cosine. What falls away this way is
told, because no key is dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from twostage.config.reading.tree import KeyPath, Node, dotted

DISCRIMINATORS = ("kind", "pretrain_mode", "adapt_mode", "target", "unit", "placement")

Tell = Callable[[str], None]


def merge(under: Node, over: Node, tell: Tell, path: KeyPath = ()) -> Node:
    """``under`` with everything that ``over`` says."""
    if not (isinstance(under.value, dict) and isinstance(over.value, dict)):
        return over
    changed = _other_variant(under.value, over.value)
    if changed is not None:
        _tell_replaced(under, over, changed, tell, path)
        return over
    entries = dict(under.value)
    for key, node in over.value.items():
        below = entries.get(key)
        entries[key] = node if below is None else merge(below, node, tell, (*path, key))
    return replace(over, value=entries)


def _other_variant(under: dict[str, Node], over: dict[str, Node]) -> str | None:
    for name in DISCRIMINATORS:
        if name in under and name in over and under[name].value != over[name].value:
            return name
    return None


def _tell_replaced(under: Node, over: Node, name: str, tell: Tell, path: KeyPath) -> None:
    if not (isinstance(under.value, dict) and isinstance(over.value, dict)):
        return
    lost = [key for key in under.value if key not in over.value]
    if lost:
        old, new = under.value[name], over.value[name]
        tell(
            f"{new.start}: {dotted(path)} becomes {name} {new.value} instead of {old.value} ({old.start}), "
            f"so its other keys there are left out: {', '.join(lost)}",
        )
