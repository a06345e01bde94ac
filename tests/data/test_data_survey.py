"""One pass over the signals: every sample is a number, equal content is found, and the digest says what was read."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import recording

from twostage.data.signals import Extent, FlatFile, SignalBank
from twostage.data.survey import PIECE, data_digest, duplicates, survey
from twostage.errors import DataError


def bank(folder, signals):
    path = folder / "flat.f32"
    np.concatenate(signals).astype("<f4").tofile(path)
    firsts = np.cumsum([0, *(len(signal) for signal in signals)])
    extents = tuple(Extent(0, int(first), len(signal), 1) for first, signal in zip(firsts, signals, strict=False))
    return SignalBank((FlatFile(path, "<f4"),), extents)


def recordings(signals):
    return [recording(number, length=len(signal)) for number, signal in enumerate(signals)]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, PIECE - 1, PIECE, PIECE + 7])
def test_the_first_bad_sample_is_named_wherever_it_is(tmp_path, bad, place):
    signal = np.zeros(PIECE + 10, dtype=np.float32)
    signal[place] = bad
    with pytest.raises(DataError, match=f"at sample {place}, channel 0"):
        survey(bank(tmp_path, [signal]), recordings([signal]))


def test_equal_content_has_equal_digests_and_is_found(tmp_path):
    draw = np.random.default_rng(0)
    first, second = draw.standard_normal((2, 1000))
    found = survey(bank(tmp_path, [first, second, first]), recordings([first, second, first]))
    assert found[0] == found[2] != found[1]
    assert duplicates(found) == [(0, 2)]


@pytest.mark.parametrize("change", [{"label": 1}, {"domain": 5}, {"bearing": "c"}, {"sample_rate": 9.0}, {"system": 2}])
def test_the_digest_of_the_data_knows_the_table_too(change):
    """A corrected label is other data, although no sample changed."""
    digests = {1: "a", 2: "b"}
    before = [recording(1), recording(2)]
    assert data_digest(before, digests) == data_digest(before[::-1], digests)
    assert data_digest([recording(1, **change), before[1]], digests) != data_digest(before, digests)
    assert data_digest(before, digests | {2: "c"}) != data_digest(before, digests)
