"""The laws of every split, for any recordings: checked against sets of (recording, sample)."""

from __future__ import annotations

import random

import numpy as np
import pytest
import strategies as own
from hypothesis import event, given, settings
from hypothesis import strategies as st

from twostage.config.splits import BearingSplit, RecordingSplit, SystemSplit
from twostage.data.recordings import PARTS, Segment
from twostage.data.splits import check_windows_disjoint, make_split
from twostage.data.windows import place
from twostage.errors import SplitError

LENGTH = 8
slow = settings(max_examples=60)


def samples(segments):
    """The slow oracle: every sample by itself."""
    return {(s.recording, i) for s in segments for i in range(s.start, s.stop)}


def require_nothing_shared(result):
    sets = {part: samples(result.parts[part]) for part in PARTS}
    assert sum(map(len, sets.values())) == len(set().union(*sets.values()))
    return sets


@slow
@given(own.any_recordings(), own.splits(), st.booleans())
def test_any_recordings_are_split_apart_or_refused(recordings, config, labelled):
    try:
        result = make_split(recordings, config, window_length=LENGTH, labelled=labelled)
    except SplitError:
        event("refused")
        return
    event("split")
    require_nothing_shared(result)


@slow
@given(own.fit_recordings(), own.splits(), own.windows(), st.booleans())
def test_fit_recordings_are_split_and_windows_stay_in_their_part(recordings, config, windows, labelled):
    result = make_split(recordings, config, window_length=windows.length, labelled=labelled)
    sets = require_nothing_shared(result)
    rows = {r.id: row for row, r in enumerate(recordings)}
    lengths = {r.id: r.length for r in recordings}
    index = {part: place(result.parts[part], rows, lengths, windows) for part in PARTS}
    check_windows_disjoint(index, recordings)
    for part, one in index.items():
        for row, start in zip(one.rows.tolist(), one.starts.tolist(), strict=True):
            id_ = recordings[row].id
            assert all((id_, i) in sets[part] for i in range(start, start + one.length))


@slow
@given(own.fit_recordings(), own.splits(), st.randoms(use_true_random=False))
def test_the_order_of_recordings_does_not_matter(recordings, config, shuffle: random.Random):
    shuffled = list(recordings)
    shuffle.shuffle(shuffled)
    assert make_split(recordings, config, window_length=LENGTH) == make_split(shuffled, config, window_length=LENGTH)


@slow
@given(own.fit_recordings(), own.splits())
def test_a_system_is_split_alike_whichever_others_are_there(recordings, config):
    alone = [r for r in recordings if r.system == 1]
    ids = {r.id for r in alone}
    together = make_split(recordings, config, window_length=LENGTH)
    apart = make_split(alone, config, window_length=LENGTH)
    for part in PARTS:
        assert tuple(s for s in together.parts[part] if s.recording in ids) == apart.parts[part]


@slow
@given(own.fit_recordings(), own.splits())
def test_bearings_and_classes_stand_where_they_must(recordings, config):
    by_id = {r.id: r for r in recordings}
    parts = make_split(recordings, config, window_length=LENGTH).parts
    classes = {part: {(by_id[s.recording].system, by_id[s.recording].label) for s in parts[part]} for part in PARTS}
    assert classes["validation"] <= classes["train"]
    assert classes["test"] <= classes["train"]
    if isinstance(config, BearingSplit):
        bearings = [{(by_id[s.recording].system, by_id[s.recording].bearing) for s in parts[part]} for part in PARTS]
        assert sum(map(len, bearings)) == len(set().union(*bearings))
        for part, share in zip(PARTS, (config.train, config.validation, config.test), strict=True):
            assert classes[part] == ({(r.system, r.label) for r in recordings} if share else set())


@slow
@given(own.fit_recordings(), own.splits(), own.splits(), st.integers(8, 10))
def test_excluded_samples_and_their_neighbourhood_are_in_no_part(recordings, first, second, length):
    tested = make_split(recordings, first, window_length=length).parts["test"]
    try:
        result = make_split(recordings, second, window_length=length, exclude=tested, labelled=False)
    except SplitError:
        event("nothing left")
        return
    event("split")
    kept = set().union(*require_nothing_shared(result).values())
    lengths = {r.id: r.length for r in recordings}
    margin = [
        Segment(s.recording, max(0, s.start - length), min(lengths[s.recording], s.stop + length)) for s in tested
    ]
    assert not kept & samples(margin)
    assert all(s.stop - s.start >= length for part in PARTS for s in result.parts[part])


@pytest.mark.parametrize("config", [RecordingSplit, BearingSplit])
def test_another_seed_is_another_draw(config):
    recordings = [own.recording(i, bearing=str(i), label=i % 2) for i in range(40)]
    draws = [make_split(recordings, config(seed=seed), window_length=LENGTH) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]
    assert {part: len(s) for part, s in draws[0].parts.items()} == {"train": 24, "validation": 8, "test": 8}


def test_every_unit_is_equally_likely_to_be_tested():
    recordings = [own.recording(i, bearing=str(i)) for i in range(10)]
    tested = np.zeros(10)
    for seed in range(400):
        for segment in make_split(recordings, RecordingSplit(seed=seed), window_length=LENGTH).parts["test"]:
            tested[segment.recording] += 1
    assert tested.min() > 45  # 80 expected, standard deviation 8
    assert tested.max() < 115


@slow
@given(own.fit_recordings())
def test_held_out_systems_are_tested_and_only_tested(recordings):
    config = SystemSplit(test_systems=(2,))
    if {r.system for r in recordings} == {1}:
        with pytest.raises(SplitError, match=r"test_systems names \[2\]"):
            make_split(recordings, config, window_length=LENGTH)
        return
    result = make_split(recordings, config, window_length=LENGTH)
    require_nothing_shared(result)
    systems = {r.id: r.system for r in recordings}
    assert {systems[s.recording] for s in result.parts["test"]} == {2}
    assert {systems[s.recording] for part in ("train", "validation") for s in result.parts[part]} == {1}
