"""The proof of disjointness agrees with sets of samples and names what is shared."""

from __future__ import annotations

import numpy as np
import pytest
import strategies as own
from hypothesis import given
from hypothesis import strategies as st

from twostage.data.recordings import Segment
from twostage.data.splits.disjoint import Intervals, check_disjoint, check_windows_disjoint, find_overlap
from twostage.data.windows import WindowIndex
from twostage.errors import SplitError

segment = st.builds(
    lambda recording, start, length: Segment(recording, start, start + length),
    st.integers(0, 3),
    st.integers(0, 60),
    st.integers(0, 9),
)
parts = st.dictionaries(st.sampled_from(["train", "validation", "test"]), st.lists(segment, max_size=8))


def samples(segments):
    return {(s.recording, i) for s in segments for i in range(s.start, s.stop)}


@given(parts)
def test_overlap_is_found_exactly_where_sets_of_samples_meet(drawn):
    sets = {part: samples(segments) for part, segments in drawn.items()}
    shared = sum(map(len, sets.values())) != len(set().union(*sets.values()))
    found = find_overlap({part: Intervals.of(segments) for part, segments in drawn.items()})
    assert (found is not None) == shared
    if found is not None:
        one, other = (sets[part] for part in found.parts)
        assert found.parts[0] != found.parts[1]
        assert found.start < found.stop
        assert {(found.recording, i) for i in range(found.start, found.stop)} <= one & other


def test_the_error_names_recording_parts_and_samples():
    with pytest.raises(SplitError, match="recording 7: train and test share 20 samples, 80 to 99"):
        check_disjoint({"train": [Segment(7, 0, 100)], "test": [Segment(7, 80, 200)]})


def test_one_part_may_overlap_itself_and_neighbours_may_touch():
    check_disjoint({"train": [Segment(7, 0, 100), Segment(7, 50, 120)], "test": [Segment(7, 120, 200)]})


def test_windows_are_told_by_recording():
    recordings = [own.recording(31), own.recording(32)]
    train = WindowIndex(np.array([0, 1]), np.array([0, 0]), 10)
    check_windows_disjoint({"train": train, "test": WindowIndex(np.array([1]), np.array([10]), 10)}, recordings)
    with pytest.raises(SplitError, match="recording 32: train and test share 1 samples, 9 to 9"):
        check_windows_disjoint({"train": train, "test": WindowIndex(np.array([1]), np.array([9]), 10)}, recordings)
