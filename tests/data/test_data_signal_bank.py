"""Gathering from memory maps agrees with slicing one window at a time."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.data.signals import Extent, FlatFile, SignalBank

TYPES = ("<f4", ">f8", "<i2", ">i4")


@pytest.fixture(scope="module")
def flats(tmp_path_factory):
    """A file of each type, its values beginning at an odd byte."""
    folder = tmp_path_factory.mktemp("flat")
    made = []
    for number, dtype in enumerate(TYPES):
        values = np.random.default_rng(number).integers(-999, 999, 900).astype(dtype)
        path = folder / f"{number}.bin"
        path.write_bytes(b"\x00" * number + values.tobytes() + b"\xff" * (number % 2))
        made.append((FlatFile(path, dtype, number), values))
    return made


@st.composite
def banks(draw):
    """Extents over the four files and windows inside them."""
    extents = []
    for _ in range(draw(st.integers(1, 5))):
        channels = draw(st.integers(1, 3))
        length = draw(st.integers(8, 900 // channels))
        first = draw(st.integers(0, 900 - length * channels))
        extents.append(Extent(draw(st.integers(0, 3)), first, length, channels))
    fewest = min(e.channels for e in extents)
    chosen = draw(st.lists(st.integers(0, fewest - 1), min_size=1, max_size=3, unique=True))
    rows = draw(st.lists(st.integers(0, len(extents) - 1), max_size=20))
    starts = [draw(st.integers(0, extents[row].length - 8)) for row in rows]
    return extents, np.array(rows, dtype=np.int64), np.array(starts, dtype=np.int64), chosen


@given(drawn=banks())
def test_gather_is_slicing(flats, drawn):
    extents, rows, starts, channels = drawn
    bank = SignalBank(tuple(flat for flat, _ in flats), tuple(extents))
    arrays = [
        flats[e.file][1][e.first : e.first + e.length * e.channels].reshape(e.length, e.channels) for e in extents
    ]
    gathered = bank.gather(rows, starts, 8, channels)
    assert gathered.dtype == np.float32
    assert gathered.shape == (len(rows), 8, len(channels))
    for window, row, start in zip(gathered, rows, starts, strict=True):
        np.testing.assert_array_equal(window, arrays[row][start : start + 8][:, channels].astype(np.float32))
    for row, array in enumerate(arrays):
        np.testing.assert_array_equal(bank.read(row, 3, 7), array[3:7].astype(np.float32))
    assert bank.channels == max(e.channels for e in extents)


def test_a_bank_travels_without_its_samples(flats):
    bank = SignalBank((flats[0][0],), (Extent(0, 0, 900, 1),))
    bank.read(0, 0, 900)
    sent = pickle.dumps(bank)
    assert len(sent) < 1000
    np.testing.assert_array_equal(pickle.loads(sent).read(0, 0, 900), bank.read(0, 0, 900))  # noqa: S301 - our own
