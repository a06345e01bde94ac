"""Windows lie inside their segments, are distinct, and follow the written formulas."""

from __future__ import annotations

import time

import numpy as np
import pytest
import strategies as own
from hypothesis import given
from hypothesis import strategies as st

from twostage.config.windows import EvenlySpaced, RandomlyPlaced, Sequential
from twostage.data.recordings import Segment
from twostage.data.windows import place
from twostage.errors import SplitError


def starts(length, config):
    """Starts in one whole recording of this length."""
    return place([Segment(1, 0, length)], {1: 0}, {1: length}, config).starts.tolist()


@pytest.mark.parametrize(
    ("length", "config", "expected"),
    [
        (100, EvenlySpaced(length=10, per_recording=4), [0, 30, 60, 90]),
        (101, EvenlySpaced(length=10, per_recording=3), [0, 45, 91]),
        (100, EvenlySpaced(length=10, per_recording=1), [0]),
        (10, EvenlySpaced(length=10, per_recording=5), [0]),
        (12, EvenlySpaced(length=10, per_recording=5), [0, 1, 2]),
        (100, Sequential(length=10, stride=40), [0, 40, 80]),
        (90, Sequential(length=10, stride=40), [0, 40, 80]),
        (89, Sequential(length=10, stride=40), [0, 40]),
        (100, Sequential(length=10, stride=40, per_recording=2), [0, 40]),
        (12, RandomlyPlaced(length=10, per_recording=9), [0, 1, 2]),
    ],
)
def test_formulas(length, config, expected):
    assert starts(length, config) == expected


@st.composite
def segments(draw):
    """Whole recordings and stretches of recordings, with the recordings' lengths."""
    lengths = draw(st.dictionaries(st.integers(0, 99), st.integers(12, 300), min_size=1, max_size=6))
    cuts = [(r, draw(st.integers(0, n - 12)), n) for r, n in lengths.items()]
    return [Segment(r, a, draw(st.integers(a + 12, n))) for r, a, n in cuts], lengths


@given(segments(), own.windows(max_length=12))
def test_windows_are_distinct_and_inside_their_segments(drawn, config):
    pieces, lengths = drawn
    row_of = {recording: row for row, recording in enumerate(sorted(lengths))}
    index = place(pieces, row_of, lengths, config)
    for segment in pieces:
        mine = index.starts[index.rows == row_of[segment.recording]]
        assert 1 <= len(mine) == len(set(mine.tolist()))
        assert (mine >= segment.start).all()
        assert (mine + index.length <= segment.stop).all()
        if config.per_recording is not None:
            share = config.per_recording * (segment.stop - segment.start) // lengths[segment.recording]
            assert len(mine) <= max(1, share)
    assert len(index) == len(index.rows) == len(index.starts)
    assert index.rows.dtype == index.starts.dtype == np.int64


@given(segments(), own.windows(max_length=12))
def test_a_segment_is_placed_alike_whatever_stands_beside_it(drawn, config):
    pieces, lengths = drawn
    together = place(pieces, dict.fromkeys(lengths, 0), lengths, config).starts.tolist()
    apart = [s for piece in pieces for s in place([piece], dict.fromkeys(lengths, 0), lengths, config).starts.tolist()]
    assert together == apart


def test_random_placement_follows_its_seed():
    one, same, other = (starts(5000, RandomlyPlaced(length=64, per_recording=20, seed=seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_random_placement_differs_between_recordings_and_blocks():
    config = RandomlyPlaced(length=64, per_recording=20)
    pieces = [Segment(1, 0, 5000), Segment(2, 0, 5000), Segment(2, 5000, 10_000)]
    index = place(pieces, {1: 0, 2: 1}, {1: 5000, 2: 10_000}, config)
    first, second, third = index.starts[:10], index.starts[20:30], index.starts[30:] - 5000
    assert len({tuple(starts.tolist()) for starts in (first, second, third)}) == 3


def test_a_part_gets_its_share_of_the_windows():
    config = EvenlySpaced(length=10, per_recording=10)
    pieces = [Segment(1, 0, 600), Segment(1, 620, 800), Segment(1, 850, 1000)]
    index = place(pieces, {1: 0}, {1: 1000}, config)
    assert [int(((index.starts >= p.start) & (index.starts < p.stop)).sum()) for p in pieces] == [6, 1, 1]


def test_a_segment_shorter_than_a_window_is_an_error():
    with pytest.raises(SplitError, match=r"2 stretches are shorter than a window of 16 .* has 7\), in recordings 4, 5"):
        place(
            [Segment(4, 0, 9), Segment(5, 3, 10), Segment(6, 0, 16)],
            {4: 0, 5: 1, 6: 2},
            {4: 9, 5: 10, 6: 16},
            EvenlySpaced(length=16),
        )


def test_no_segments_give_no_windows():
    for config in (EvenlySpaced(), Sequential(), RandomlyPlaced()):
        assert len(place([], {}, {}, config)) == 0


def test_hundred_thousand_windows_take_well_under_a_second():
    pieces = [Segment(i, 0, 100_000) for i in range(1600)]
    ids = {i: i for i in range(1600)}
    begin = time.perf_counter()
    index = place(pieces, ids, dict.fromkeys(ids, 100_000), RandomlyPlaced(per_recording=64))
    assert len(index) == 102_400
    assert time.perf_counter() - begin < 2.0
