"""The user's cache folder, and files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import platformdirs

VARIABLE = "TWOSTAGE_CACHE"


def cache_root() -> Path:
    """The folder for what can be made again: the variable TWOSTAGE_CACHE, or else the platform's user cache."""
    chosen = os.environ.get(VARIABLE)
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("twostage"))


@contextmanager
def write_aside(target: Path) -> Iterator[Path]:
    """A path beside ``target`` to write to; it takes the target's place at the end, or is removed on failure."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        yield aside
        with aside.open("rb") as written:
            os.fsync(written.fileno())
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
