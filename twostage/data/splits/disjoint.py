"""The proof that parts share no sample: all intervals of all parts on one line, sorted and swept once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from twostage.data.recordings import Recording, Segment
from twostage.data.windows import WindowIndex
from twostage.errors import SplitError

Name = TypeVar("Name", bound=str)


@dataclass(frozen=True)
class Intervals:
    """Samples ``start <= s < stop`` of recordings, three int64 arrays of shape (n,)."""

    recording: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    @classmethod
    def of(cls, segments: Sequence[Segment]) -> Intervals:
        """The intervals of segments."""
        table = np.array([(s.recording, s.start, s.stop) for s in segments], dtype=np.int64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], table[:, 2])


@dataclass(frozen=True)
class Overlap:
    """Samples ``start <= s < stop`` of a recording that stand in two parts."""

    recording: int
    parts: tuple[str, str]
    start: int
    stop: int


def check_disjoint(parts: Mapping[Name, Sequence[Segment]]) -> None:
    """Raise SplitError if two parts share a sample; names the recording, the parts and the samples."""
    check_intervals_disjoint({name: Intervals.of(segments) for name, segments in parts.items()})


def check_windows_disjoint(parts: Mapping[Name, WindowIndex], recordings: Sequence[Recording]) -> None:
    """The same for windows; ``recordings[row]`` is the recording of a window's row."""
    ids = np.array([r.id for r in recordings], dtype=np.int64)
    check_intervals_disjoint(
        {name: Intervals(ids[index.rows], index.starts, index.starts + index.length) for name, index in parts.items()}
    )


def check_intervals_disjoint(parts: Mapping[Name, Intervals]) -> None:
    """The same for intervals of any kind."""
    overlap = find_overlap(parts)
    if overlap is not None:
        one, other = overlap.parts
        raise SplitError(
            f"recording {overlap.recording}: {one} and {other} share {overlap.stop - overlap.start} samples, "
            f"{overlap.start} to {overlap.stop - 1}"
        )


def find_overlap(parts: Mapping[Name, Intervals]) -> Overlap | None:
    """An overlap between two different parts, or None if there is none. Linear but for one sort."""
    names = list(parts)
    if not names:
        return None
    recording = np.concatenate([p.recording for p in parts.values()])
    start = np.concatenate([p.start for p in parts.values()])
    stop = np.concatenate([p.stop for p in parts.values()])
    part = np.repeat(np.arange(len(names)), [len(p.start) for p in parts.values()])
    order = np.lexsort((start, recording))
    order = order[stop[order] > start[order]]  # an empty interval shares nothing
    recording, start, stop, part = recording[order], start[order], stop[order], part[order]
    for number in range(len(names)):
        found = _meets(recording, start, stop, part, number)
        if found is not None:
            mine, theirs = found
            pair = names[number], names[int(part[theirs])]
            return Overlap(int(recording[theirs]), pair, int(start[theirs]), int(min(stop[mine], stop[theirs])))
    return None


def _meets(
    recording: NDArray[np.int64],
    start: NDArray[np.int64],
    stop: NDArray[np.int64],
    part: NDArray[np.int64],
    number: int,
) -> tuple[int, int] | None:
    """Positions of an interval of this part and of a later starting one of another part that begins inside it."""
    if not len(start):
        return None
    # Recordings are laid one behind the other, so that one running maximum serves all of them.
    run = np.cumsum(np.r_[0, recording[1:] != recording[:-1]])
    reach = stop - start.min() + run * (int(stop.max()) - int(start.min()) + 1)
    begin = reach - (stop - start)
    furthest = np.maximum.accumulate(np.where(part == number, reach, -1))
    inside = np.flatnonzero((part != number) & (begin < furthest))
    if not len(inside):
        return None
    theirs = int(inside[0])
    mine = int(np.flatnonzero((part == number) & (reach == furthest[theirs]))[0])
    return mine, theirs
