"""Setting up a stage's windows, split and sampler over 1, 10 and 100 thousand windows: the time must grow linearly."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

import numpy as np

from benchmarks.pairs import seconds
from twostage.config.splits import BearingSplit
from twostage.config.windows import EvenlySpaced
from twostage.data.recordings import PARTS, Recording
from twostage.data.samplers import BalancedBatches
from twostage.data.splits.disjoint import check_windows_disjoint
from twostage.data.splits.make import make_split
from twostage.data.windows import place

PER_RECORDING = 100
SIZES = (1_000, 10_000, 100_000)


def measure() -> Iterator[tuple[str, str]]:
    times = [statistics.median(seconds(lambda n=size: _set_up(n)) for _ in range(5)) for size in SIZES]
    slope = math.log(times[-1] / times[0]) / math.log(SIZES[-1] / SIZES[0])
    shown = ", ".join(f"{size:,}: {1e3 * time:.0f} ms" for size, time in zip(SIZES, times, strict=True))
    yield f"{shown}; exponent {slope:.2f}", "exponent at most 1"


def _set_up(windows: int) -> None:
    count = windows // PER_RECORDING
    recordings = [
        Recording(i, i % 2, "rig", i // 2 % 2, 0, f"bearing-{i // 2}", 12_000.0, 120_000, 1) for i in range(count)
    ]
    split = make_split(recordings, BearingSplit(few_bearings="train_only"), window_length=1024)
    rows = {recording.id: row for row, recording in enumerate(recordings)}
    lengths = {recording.id: recording.length for recording in recordings}
    placed = {
        part: place(split.parts[part], rows, lengths, EvenlySpaced(per_recording=PER_RECORDING)) for part in PARTS
    }
    check_windows_disjoint(placed, recordings)
    systems = np.array([recording.system for recording in recordings])
    for _ in BalancedBatches(systems[placed["train"].rows], 64, seed=0):
        pass
