"""Gathering a batch of windows from a memory map against a plain copy of the same number of bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.pairs import ratio
from twostage.data.signals import Extent, FlatFile, SignalBank

RECORDINGS, LENGTH, BATCH, BATCHES = 100, 120_000, 256, 50


def measure() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flat.f32"
        np.random.default_rng(0).standard_normal(RECORDINGS * LENGTH, dtype=np.float32).tofile(path)
        extents = tuple(Extent(0, row * LENGTH, LENGTH, 1) for row in range(RECORDINGS))
        bank = SignalBank((FlatFile(path, "<f4"),), extents)
        for window in (1024, 4096):
            yield _one(bank, window)


def _one(bank: SignalBank, window: int) -> tuple[str, str]:
    draw = np.random.default_rng(1)
    rows = draw.integers(0, RECORDINGS, (BATCHES, BATCH))
    starts = draw.integers(0, LENGTH - window, (BATCHES, BATCH))
    size = BATCH * window
    offsets = draw.integers(0, len(bank.files[0].map) - size, BATCHES)

    def gather() -> None:
        for row, start in zip(rows, starts, strict=True):
            bank.gather(row, start, window, [0])

    def copy() -> None:
        flat = bank.files[0].map
        for offset in offsets:
            np.array(flat[offset : offset + size])

    ours, _, factor = ratio(gather, copy)
    rate = BATCHES * size * 4 / ours / 1e9
    return f"windows of {window}: {factor:.2f}x a plain copy ({rate:.1f} GB/s, copy {factor * rate:.1f})", "-"
