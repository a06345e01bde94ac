"""The five sections that all dialects share, flat or with their keys under ``args``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.core.leaves import KeyPath
from twostage.legacy.core.mounts import Mount, Scope

SECTIONS = ("environment", "data", "model", "task", "trainer")
OLD_NAMES = {"dataset": "data"}  # of the first weeks of the old project


def section_mounts(holder: Any, prefix: KeyPath, scope: Scope, *, expands: bool = False) -> tuple[Mount, ...]:
    """Mounts of everything below a mapping that holds sections."""
    mounts = [Mount(prefix, scope, (), expands)]
    if not isinstance(holder, Mapping):
        return tuple(mounts)
    for key, value in holder.items():
        name = OLD_NAMES.get(key, key)
        if name not in SECTIONS or not isinstance(value, Mapping):
            continue
        if name != key:
            mounts.insert(0, Mount((*prefix, key), scope, (name,)))
        if isinstance(value.get("args"), Mapping):
            mounts.insert(0, Mount((*prefix, key, "args"), scope, (name,)))
    return tuple(mounts)
