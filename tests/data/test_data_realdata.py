"""The real recordings: what is there, how it splits, and that its samples are read as h5py reads them."""

from __future__ import annotations

from collections import Counter

import h5py
import numpy as np
import pytest

from twostage.config.source import PhmVibenchSource as Config
from twostage.config.splits import BearingSplit, DomainSplit
from twostage.config.windows import EvenlySpaced
from twostage.data.recordings import PARTS
from twostage.data.sources.phm_vibench.source import PhmVibenchSource
from twostage.data.splits import check_windows_disjoint, make_split, split_report
from twostage.data.windows import place

CWRU, FEMTO, HIT = 1, 3, 17
pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module", params=["metadata.csv", "metadata.xlsx"])
def source(realdata_root, request):
    return PhmVibenchSource(Config(root=str(realdata_root), metadata=request.param))


def test_recordings_per_system(source):
    recordings = source.catalogue(None)
    assert Counter(r.system for r in recordings) == {CWRU: 63, HIT: 42, FEMTO: 408}
    assert {r.channels for r in recordings if r.system == FEMTO} == {2}


def test_bearings_of_cwru(source):
    recordings = source.catalogue([CWRU])
    result = make_split(recordings, BearingSplit(few_bearings="exclude"), window_length=1024)
    by_id = {r.id: r for r in recordings}
    bearings = {part: {by_id[s.recording].bearing for s in result.parts[part]} for part in PARTS}
    assert [notice.code for notice in result.notices] == ["few-bearings"]
    assert "class 0: 1 bearing(s)" in result.notices[0].message
    assert {part: len(b) for part, b in bearings.items()} == {"train": 5, "validation": 3, "test": 3}
    assert len(set().union(*bearings.values())) == 11
    assert all({by_id[s.recording].label for s in result.parts[part]} == {1, 2, 3} for part in PARTS)


def test_domains_of_hit(source):
    recordings = source.catalogue([HIT])
    result = make_split(recordings, DomainSplit(last=3), window_length=1024)
    by_id = {r.id: r for r in recordings}
    assert {by_id[s.recording].domain for s in result.parts["test"]} == {3, 4, 5}
    assert [len(result.parts[part]) for part in PARTS] == [16, 5, 21]
    rows = {r.id: row for row, r in enumerate(recordings)}
    windows = {
        part: place(result.parts[part], rows, {r.id: r.length for r in recordings}, EvenlySpaced()) for part in PARTS
    }
    check_windows_disjoint(windows, recordings)
    report = split_report(result, recordings, windows)
    assert report["parts"]["test"]["windows"]["total"] == 21 * 64
    assert report["shared_with_train"]["test"]["bearings"] == 1.0


def test_samples_are_those_of_h5py(source, realdata_root):
    recordings = source.catalogue([CWRU, FEMTO])
    bank = source.open(recordings)
    rows = np.arange(0, len(recordings), 7)
    with h5py.File(realdata_root / "cache.h5") as file:
        for row in rows.tolist():
            recording = recordings[row]
            expected = file[str(recording.id)][100:612, :1]
            np.testing.assert_array_equal(bank.gather(np.array([row]), np.array([100]), 512, [0])[0], expected)
