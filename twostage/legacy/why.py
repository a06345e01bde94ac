"""Why a leaf of an old file was kept and not mapped."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any


def why_kept(key: str | None, value: Any, mapped_keys: Collection[str]) -> tuple[str, str]:
    """Code and sentence."""
    del value, mapped_keys
    return ("unknown-key", "this key has no place here") if key is None else ("no-place", f"{key} has no place here")
