"""The catalogue and the signals: the same for the same seed, whatever else is asked for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twostage.components import build
from twostage.config.source import SyntheticSource as SyntheticConfig
from twostage.data.sources.synthetic.source import SyntheticSource
from twostage.errors import DataError

SMALL = {"bearings_per_class": 1, "severities": 1, "domains": 1, "seconds": 0.05}
few_laws = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


def source(**changes):
    return SyntheticSource(SyntheticConfig(**(SMALL | changes)))


def contents(made, systems=None):
    """Samples of each recording, by id."""
    rows = made.catalogue(systems)
    bank = made.open(rows)
    return {row.id: bank.read(i, 0, row.length).tobytes() for i, row in enumerate(rows)}


def test_the_document_finds_the_source():
    assert isinstance(build(SyntheticConfig()), SyntheticSource)
    assert build(SyntheticConfig()).name == "synthetic"


def test_the_default_catalogue(cache):
    rows = SyntheticSource(SyntheticConfig()).catalogue(None)
    assert Counter(row.system for row in rows) == {1: 192, 2: 192, 3: 192, 4: 144, 5: 144, 6: 240, 7: 60}
    assert {row.system: (row.name, row.sample_rate, row.length) for row in rows} == {
        1: ("S1_CWRU_DE", 12_000.0, 24_000),
        2: ("S2_CWRU_FE", 12_000.0, 24_000),
        3: ("S3_PADERBORN", 16_000.0, 32_000),
        4: ("S4_XJTU_SY", 25_600.0, 51_200),
        5: ("S5_MFPT", 48_828.0, 97_656),
        6: ("S6_OTTAWA", 20_000.0, 40_000),
        7: ("S7_IMS", 20_000.0, 40_000),
    }
    assert not cache.exists()  # a catalogue makes no signal


def test_classes_are_balanced_and_bearings_are_recorded_once_per_domain():
    rows = SyntheticSource(SyntheticConfig()).catalogue(None)
    for system in range(1, 8):
        labels = Counter(row.label for row in rows if row.system == system)
        assert set(labels) == ({0, 1, 2, 3, 4} if system in {6, 7} else {0, 1, 2, 3})
        assert len(set(labels.values())) == 1
    assert len({(row.bearing, row.domain) for row in rows}) == len(rows)
    assert len({(row.bearing, row.label, row.system) for row in rows}) == len({row.bearing for row in rows})
    assert {"S1-inner-2-0", "S1-normal-11", "S6-tooth-3-3"} <= {row.bearing for row in rows}


@few_laws
@given(st.integers(1, 30), st.integers(1, 3), st.none() | st.just(1))
def test_ids_are_unique_sorted_and_stable(bearings, severities, domains):
    def keys(**changes):
        config = SyntheticConfig(**({"bearings_per_class": bearings, "severities": severities} | changes))
        return {row.id: (row.bearing, row.domain) for row in SyntheticSource(config).catalogue(None)}

    rows = keys(domains=domains)
    assert list(rows) == sorted(rows)
    assert len(set(rows.values())) == len(rows)
    larger = keys(bearings_per_class=bearings + 1)
    assert rows.items() <= larger.items()


@few_laws
@given(st.permutations([1, 2, 6, 7]), st.integers(1, 4))
def test_choosing_fewer_rigs_changes_no_recording(order, count):
    chosen = tuple(order[:count])
    everything = contents(source(systems=(1, 2, 6, 7)))
    some = contents(source(systems=chosen))
    assert some == {key: value for key, value in everything.items() if key // 10**7 in chosen}
    assert contents(source(systems=(1, 2, 6, 7)), list(chosen)) == some


@pytest.mark.parametrize("more", [{"bearings_per_class": 3}, {"severities": 3}, {"domains": 3}])
def test_making_more_changes_no_recording(more):
    few, many = contents(source(systems=(1,))), contents(source(systems=(1,), **more))
    assert few.items() < many.items()


def test_the_seed_decides_every_bit(monkeypatch, tmp_path):
    first = contents(source(systems=(1,), seed=3))
    other = contents(source(systems=(1,), seed=4))
    monkeypatch.setenv("TWOSTAGE_CACHE", str(tmp_path / "elsewhere"))
    assert contents(source(systems=(1,), seed=3)) == first
    assert first.keys() == other.keys()
    assert all(first[key] != other[key] for key in first)
    assert len(set(first.values())) == len(first)


def test_rows_of_the_bank_are_the_recordings_asked_for():
    made = source(systems=(1, 2), bearings_per_class=2)
    by_id = contents(made)
    rows = [made.catalogue(None)[i] for i in (9, 2, 14, 2)]
    bank = made.open(rows)
    assert [bank.read(i, 0, row.length).tobytes() for i, row in enumerate(rows)] == [by_id[row.id] for row in rows]
    window = bank.gather(np.array([2, 0]), np.array([5, 7]), 16, [0])
    np.testing.assert_array_equal(window[0], bank.read(2, 5, 21))


@few_laws
@given(st.integers(1, 7), st.floats(1e-5, 0.1))
def test_recordings_of_any_length_are_finite(system, seconds):
    made = source(systems=(system,), seconds=seconds)
    rows = made.catalogue(None)
    bank = made.open(rows)
    for i, row in enumerate(rows):
        assert row.length == max(1, round(seconds * row.sample_rate))
        assert np.isfinite(bank.read(i, 0, row.length)).all()


def test_an_unknown_rig_is_refused_with_those_that_exist():
    with pytest.raises(DataError, match="count from 1"):
        source().catalogue([0, 1])
    with pytest.raises(DataError, match="count from 1"):
        source(systems=(0, 1)).catalogue(None)
    with pytest.raises(DataError, match=r"of this document has no systems \[2\]; it has \[1\]"):
        source(systems=(1,)).catalogue([2])


def test_a_system_beyond_the_designs_is_a_copy_of_one_with_parts_of_its_own():
    rows = source(seconds=0.1).catalogue([1, 8])
    first, copy = (tuple(row for row in rows if row.system == system) for system in (1, 8))
    assert len(first) == len(copy)
    assert {row.sample_rate for row in first} == {row.sample_rate for row in copy}
    assert not {row.id for row in first} & {row.id for row in copy}
    assert not {row.bearing for row in first} & {row.bearing for row in copy}
    bank = source(seconds=0.1).open((first[0], copy[0]))
    assert not np.array_equal(bank.read(0, 0, first[0].length), bank.read(1, 0, copy[0].length))


def test_more_domains_than_a_rig_has_are_refused():
    with pytest.raises(DataError, match=r"S7_IMS has 1 operating condition\(s\), but domains asks for 2"):
        source(domains=2).catalogue([1, 7])
    assert {row.domain for row in source(domains=2).catalogue([1])} == {0, 1}


def test_more_bearings_than_ids_are_refused():
    with pytest.raises(DataError, match="no room"):
        source(bearings_per_class=5000, severities=3).catalogue([1])


def test_recordings_of_another_document_are_refused():
    foreign = source(seconds=0.1).catalogue([1])
    with pytest.raises(DataError, match=r"no such recordings: Id \[10000000\]"):
        source().open(foreign[:1])
