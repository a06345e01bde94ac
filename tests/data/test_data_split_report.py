"""The report says who is where, how many windows there are, and what is shared."""

from __future__ import annotations

import json

import strategies as own

from twostage.config.splits import BearingSplit, TimeSplit
from twostage.config.windows import EvenlySpaced
from twostage.data.recordings import PARTS
from twostage.data.splits import make_split, split_report
from twostage.data.windows import place


def report(recordings, config):
    result = make_split(recordings, config, window_length=20)
    rows, lengths = {r.id: i for i, r in enumerate(recordings)}, {r.id: r.length for r in recordings}
    window = EvenlySpaced(length=20, per_recording=10)
    windows = {part: place(result.parts[part], rows, lengths, window) for part in PARTS}
    return json.loads(json.dumps(split_report(result, recordings, windows)))


def test_parts_list_recordings_and_count_windows():
    recordings = [own.recording(i, label=i % 2, bearing=str(i), name="RM_X", domain=3) for i in range(10)]
    told = report(recordings, BearingSplit())
    train = told["parts"]["train"]
    assert [len(told["parts"][part]["segments"]) for part in PARTS] == [6, 2, 2]
    assert train["segments"][0] | {"recording": 0, "label": 0, "bearing": "0"} == {
        "recording": 0,
        "name": "RM_X",
        "system": 1,
        "label": 0,
        "domain": 3,
        "bearing": "0",
        "start": 0,
        "stop": 1000,
    }
    assert train["windows"] == {
        "total": 60,
        "by_system": [{"system": 1, "windows": 60}],
        "by_class": [{"system": 1, "label": label, "windows": 30} for label in (0, 1)],
    }
    assert told["shared_with_train"]["test"] == {"samples": 0, "recordings": 0.0, "bearings": 0.0}
    assert told["notices"] == []


def test_blocks_of_time_share_every_bearing_and_say_so():
    told = report([own.recording(i, bearing=str(i)) for i in range(3)], TimeSplit())
    assert told["shared_with_train"]["test"] == {"samples": 0, "recordings": 1.0, "bearings": 1.0}


def test_unknown_bearings_and_empty_parts_are_unknown_not_zero():
    told = report([own.recording(i, bearing=None) for i in range(3)], TimeSplit(train=0.7, validation=0.0, test=0.3))
    assert told["shared_with_train"]["test"]["bearings"] is None
    assert told["shared_with_train"]["validation"] == {"samples": 0, "recordings": None, "bearings": None}
    assert told["parts"]["validation"]["windows"] == {"total": 0, "by_system": [], "by_class": []}
