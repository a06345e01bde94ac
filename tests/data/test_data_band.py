"""One rate and one band: sines keep amplitude and phase inside it and vanish above, and every result knows its samples.

Legend: L length, C channels.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twostage.config.band import CommonBand
from twostage.data.band import filters
from twostage.data.band.filters import Resampling

RATES = st.sampled_from([12_000.0, 20_000.0, 25_600.0, 48_828.0, 51_200.0, 64_000.0, 97_656.25])


def read_from(signal_LC):
    return lambda start, stop: signal_LC[start:stop].astype(np.float32)


def resampled(signal_L, rate, band):
    """Results, and the time of each."""
    how = Resampling.of(rate, band)
    found_L = how.apply(read_from(signal_L[:, None]), len(signal_L))[:, 0]
    return found_L, (how.first + np.arange(len(found_L))) * how.down / how.up / rate


@given(RATES, st.floats(0.02, 1.0), st.floats(0, 6.28))
def test_a_sine_in_the_band_keeps_amplitude_and_phase(rate, share, phase):
    band = CommonBand(rate=12_000.0)
    hertz = share * band.top
    time_L = np.arange(int(0.1 * rate)) / rate
    found_L, at_L = resampled(np.sin(2 * np.pi * hertz * time_L + phase), rate, band)
    assert len(found_L) > 1000
    np.testing.assert_allclose(found_L, np.sin(2 * np.pi * hertz * at_L + phase), atol=2e-3)


@given(RATES, st.floats(0.0, 1.0))
def test_what_lies_above_is_removed_and_does_not_fold_back(rate, share):
    band = CommonBand(rate=12_000.0)
    lowest = 1.1 * band.top
    hertz = lowest + share * (0.99 * rate / 2 - lowest)
    time_L = np.arange(int(0.1 * rate)) / rate
    found_L, _ = resampled(np.sin(2 * np.pi * hertz * time_L), rate, band)
    assert np.abs(found_L).max() < 1e-3


def test_the_low_end_is_cut():
    band = CommonBand(rate=12_000.0, low=200.0, high=3_800.0)
    time_L = np.arange(24_000) / 12_000
    drift_L, kept_L, line_L = (np.sin(2 * np.pi * hertz * time_L) for hertz in (80.0, 400.0, 5_500.0))
    found_L, at_L = resampled(5.0 + drift_L + kept_L + line_L, 12_000.0, band)
    np.testing.assert_allclose(found_L, np.sin(2 * np.pi * 400.0 * at_L), atol=5e-3)


@pytest.mark.parametrize("rate", [12_000.0, 51_200.0, 48_828.0])
@pytest.mark.parametrize("low", [None, 500.0])
def test_results_depend_on_the_samples_that_they_name_and_on_no_other(rate, low):
    """Change everything outside the named samples: the results stay, bit for bit; inside, the ends do count."""
    how = Resampling.of(rate, CommonBand(rate=12_000.0, low=low))
    signal_LC = np.random.default_rng(0).standard_normal((6_000, 2))
    whole_LC = how.apply(read_from(signal_LC), len(signal_LC))
    start, stop = len(whole_LC) // 3, len(whole_LC) // 3 + 50
    (first,), (behind,) = how.origin(np.array([start]), np.array([stop]))
    assert 0 < first < behind < len(signal_LC)
    other_LC = signal_LC + 100.0
    other_LC[first:behind] = signal_LC[first:behind]
    found_LC = how.apply(read_from(other_LC), len(signal_LC))
    np.testing.assert_allclose(found_LC[start:stop], whole_LC[start:stop], atol=1e-5)
    lowest, highest = how.origin(np.array([0]), np.array([len(whole_LC)]))
    assert 0 <= lowest[0] < how.down / how.up + 1  # nothing is invented before the first sample, and none is lost
    assert len(signal_LC) - how.down / how.up - 1 < highest[0] <= len(signal_LC)


def test_pieces_make_the_whole(monkeypatch):
    how = Resampling.of(51_200.0, CommonBand(rate=12_000.0, low=100.0))
    signal_LC = np.random.default_rng(1).standard_normal((20_000, 1))
    whole_LC = how.apply(read_from(signal_LC), len(signal_LC))
    monkeypatch.setattr(filters, "BLOCK", 333)
    np.testing.assert_allclose(how.apply(read_from(signal_LC), len(signal_LC)), whole_LC, atol=1e-6)


def test_the_shortest_recording_gives_one_result():
    for rate in (12_000.0, 51_200.0):
        how = Resampling.of(rate, CommonBand(rate=12_000.0, low=500.0))
        assert how.length(how.shortest - 1) == 0
        assert how.length(how.shortest) == 1
        assert how.apply(read_from(np.ones((how.shortest, 1))), how.shortest).shape == (1, 1)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"rate": 1000.0, "high": 460.0}, r"high \(460\) must be at most 0.45 of rate \(450\)"),
        ({"rate": 1000.0, "low": 400.0}, r"low \(400\) must be less than the upper end of the band \(400\)"),
    ],
)
def test_a_band_is_a_band(written, message):
    with pytest.raises(ValidationError, match=message):
        CommonBand(**written)
