"""Windows as an index: a window is a row and a start, never a copy of samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twostage.config.windows import RandomlyPlaced, Sequential, Windows
from twostage.data.recordings import Segment
from twostage.errors import SplitError

NAMED_AT_MOST = 8
SEED_RANGE = 1 << 64


@dataclass(frozen=True)
class WindowIndex:
    """Window i holds the samples ``starts[i] <= s < starts[i] + length`` of recording number ``rows[i]``.

    ``rows`` and ``starts`` are int64 of shape (n,); ``rows`` counts positions in a sequence of recordings.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    length: int

    def __len__(self) -> int:
        return len(self.rows)


def place(
    segments: Sequence[Segment], row_of: Mapping[int, int], lengths: Mapping[int, int], config: Windows
) -> WindowIndex:
    """Place windows inside the segments, in the order of the segments and of time.

    ``row_of`` and ``lengths`` give each recording's row and samples by id. A segment that is only part of its
    recording gets its share of ``per_recording``, and at least one window. Raises SplitError for segments shorter
    than a window.
    """
    table = np.array([(s.recording, s.start, s.stop) for s in segments], dtype=np.int64).reshape(-1, 3)
    room = table[:, 2] - table[:, 1] - config.length
    _require_room(table[room < 0], config.length)
    whole = np.array([lengths[s.recording] for s in segments], dtype=np.int64)
    counts = _counts(room, whole, config)
    owner = np.repeat(np.arange(len(segments)), counts)
    rows = np.array([row_of[s.recording] for s in segments], dtype=np.int64)
    return WindowIndex(rows[owner], table[owner, 1] + _offsets(table, room, counts, config), config.length)


def _require_room(short: NDArray[np.int64], length: int) -> None:
    if not len(short):
        return
    ids = [str(i) for i in dict.fromkeys(short[:, 0].tolist())]
    listed = ", ".join(ids[:NAMED_AT_MOST]) + (", ..." if len(ids) > NAMED_AT_MOST else "")
    shortest = int((short[:, 2] - short[:, 1]).min())
    raise SplitError(
        f"{len(short)} stretches are shorter than a window of {length} samples (the shortest has {shortest}), "
        f"in recordings {listed}; use shorter windows"
    )


def _counts(room: NDArray[np.int64], whole: NDArray[np.int64], config: Windows) -> NDArray[np.int64]:
    """Windows per segment: as many as have distinct starts, at most the segment's share of ``per_recording``."""
    stride = config.stride if isinstance(config, Sequential) else 1
    possible: NDArray[np.int64] = room // stride + 1
    if config.per_recording is None:
        return possible
    share = config.per_recording * (room + config.length) // whole
    counts: NDArray[np.int64] = np.clip(share, 1, possible)
    return counts


def _offsets(
    table: NDArray[np.int64], room: NDArray[np.int64], counts: NDArray[np.int64], config: Windows
) -> NDArray[np.int64]:
    """Start of each window, counted from its segment's start."""
    if isinstance(config, RandomlyPlaced):
        segments = zip(table[:, :2].tolist(), room.tolist(), counts.tolist(), strict=True)
        drawn = [_drawn(config.seed, *segment) for segment in segments]
        return np.concatenate(drawn) if drawn else np.empty(0, dtype=np.int64)
    position: NDArray[np.int64] = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    if isinstance(config, Sequential):
        return position * config.stride
    steps: NDArray[np.int64] = np.repeat(np.maximum(counts - 1, 1), counts)
    return position * np.repeat(room, counts) // steps


def _drawn(seed: int, segment: list[int], room: int, count: int) -> NDArray[np.int64]:
    """Distinct offsets in order of time; they depend on the segment alone, not on its neighbours."""
    generator = np.random.default_rng([seed, *(number % SEED_RANGE for number in segment)])
    return np.sort(generator.choice(room + 1, size=count, replace=False))
