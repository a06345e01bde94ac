"""The recordings of a rig as one flat float32 file in the user's cache folder, made once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twostage.config.source import SyntheticSource as SyntheticConfig
from twostage.data.cache import cache_root, write_aside
from twostage.data.signals import FlatFile
from twostage.data.sources.synthetic.machine import record
from twostage.data.sources.synthetic.rigs import Rig
from twostage.data.sources.synthetic.specimens import conditions, length_of, specimens
from twostage.errors import DataError

VERSION = 1
"""Raise it with every change of the generator that changes a recording."""
DTYPE = "<f4"


def stored(rig: Rig, config: SyntheticConfig, count: int) -> FlatFile:
    """The rig's ``count`` recordings one behind the other, in the order of their ids. Raises DataError.

    The file appears whole or not at all, and what it holds follows from its name alone: two processes that make it
    at once put the same bytes in the same place.
    """
    path = path_of(rig, config)
    size = count * length_of(rig, config) * np.dtype(DTYPE).itemsize
    if not path.is_file() or path.stat().st_size != size:
        try:
            _write(path, rig, config)
        except OSError as error:
            raise DataError(f"cannot write the recordings of {rig.name} into the cache at {path}: {error}") from error
    return FlatFile(path, DTYPE)


def path_of(rig: Rig, config: SyntheticConfig) -> Path:
    """Where the file lies: named by everything that its content depends on, and not by which other rigs exist."""
    parts = {
        "version": VERSION,
        "rig": repr(rig),
        "seed": config.seed,
        "bearings": config.bearings_per_class,
        "severities": config.severities,
        "domains": len(conditions(rig, config)),
        "length": length_of(rig, config),
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
    return cache_root() / "synthetic" / f"{rig.name}-{digest}.f32"


def _write(path: Path, rig: Rig, config: SyntheticConfig) -> None:
    with write_aside(path) as aside, aside.open("wb") as out:
        for signal_L in _signals(rig, config):
            signal_L.astype(DTYPE, copy=False).tofile(out)


def _signals(rig: Rig, config: SyntheticConfig) -> Iterator[NDArray[np.float32]]:
    """Each recording of shape (length,), in the order of the ids."""
    length = length_of(rig, config)
    for specimen in specimens(rig, config):
        recipe = specimen.recipe(config.seed)
        for domain, condition in enumerate(conditions(rig, config)):
            yield record(rig, recipe, condition, length, specimen.generator(config.seed, domain))
