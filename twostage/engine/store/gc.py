"""What of a store no run can reach, and removing it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from twostage.engine.store.store import RECORD, Store


@dataclass(frozen=True)
class Unreachable:
    """A finished or half-trained stage that no run names."""

    key: str
    name: str
    bytes: int
    finished: bool


def unreachable(store: Store, keys: AbstractSet[str], *, older_than: float) -> list[Unreachable]:
    """Stages of the store whose key is none of ``keys``, untouched for so many seconds and at work nowhere.

    ``keys`` are those of all runs, whether they are done or not: a run names its keys before it trains.
    """
    before = time.time() - older_than
    found = [
        Unreachable(record.key, str(record.content["name"]), _size(record.folder), finished=True)
        for record in store.records()
        if record.key not in keys and (record.folder / RECORD).stat().st_mtime < before
    ]
    halves = sorted(path for path in (store.folder / "work").glob("*") if path.name not in keys)
    return found + [
        Unreachable(path.name, "half-trained", _size(path), finished=False)
        for path in halves
        if path.is_dir() and store.leases.holder(path) is None and _touched(path) < before
    ]


def remove(store: Store, stages: Iterable[Unreachable]) -> None:
    """Take them out of the store. Folders of runs keep their own links."""
    for stage in stages:
        store.forget(stage.key)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _touched(folder: Path) -> float:
    return max((path.stat().st_mtime for path in (folder, *folder.rglob("*"))), default=0.0)
