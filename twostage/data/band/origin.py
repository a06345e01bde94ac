"""Of which samples, as they were taken, segments and windows are made; and the proof that parts share none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np

from twostage.data.band.source import BandedSource
from twostage.data.recordings import Recording, Segment
from twostage.data.sources.base import Source
from twostage.data.splits.disjoint import Intervals, check_disjoint, check_intervals_disjoint, check_windows_disjoint
from twostage.data.windows import WindowIndex
from twostage.errors import SplitError

Name = TypeVar("Name", bound=str)
_FILTERS = (
    "The filters of data.band reach over the edges of stretches; give the split more room, for example with "
    "split.gap, or raise data.band.low"
)


def original_segments(source: Source, parts: Mapping[Name, Sequence[Segment]]) -> dict[Name, tuple[Segment, ...]]:
    """Segments in samples of the recordings as they were taken."""
    if not isinstance(source, BandedSource):
        return {name: tuple(segments) for name, segments in parts.items()}
    return {name: tuple(map(source.original, segments)) for name, segments in parts.items()}


def reach_of(source: Source) -> int:
    """How far the samples that a result is made of reach into a gap, from both of its sides together."""
    return source.reach if isinstance(source, BandedSource) else 0


def check_origins_disjoint(source: Source, parts: Mapping[Name, Sequence[Segment]]) -> None:
    """Raise SplitError where stretches of two parts are made of common samples."""
    if isinstance(source, BandedSource):
        with _told():
            check_disjoint(original_segments(source, parts))


def check_windows_of(source: Source, parts: Mapping[Name, WindowIndex], recordings: Sequence[Recording]) -> None:
    """Raise SplitError where windows of two parts are made of common samples."""
    if not isinstance(source, BandedSource):
        check_windows_disjoint(parts, recordings)
        return
    with _told():
        check_intervals_disjoint({name: _intervals(source, index, recordings) for name, index in parts.items()})


def _intervals(source: BandedSource, index: WindowIndex, recordings: Sequence[Recording]) -> Intervals:
    ids = np.array([recording.id for recording in recordings], dtype=np.int64)
    start, stop = index.starts.copy(), index.starts + index.length
    for row in np.unique(index.rows).tolist():
        mine = index.rows == row
        start[mine], stop[mine] = source.resampling(recordings[row].id).origin(start[mine], stop[mine])
    return Intervals(ids[index.rows], start, stop)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except SplitError as error:
        error.add_note(_FILTERS)
        raise
