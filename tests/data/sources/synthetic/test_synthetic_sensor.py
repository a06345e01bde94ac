"""The measuring chain: filter, mounting, converter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import sosfreqz

from twostage.data.sources.synthetic.rigs import DESIGNS
from twostage.data.sources.synthetic.sensor import FULL_SCALE, Sensor, anti_alias, measure, mounting, quantise

SENSOR = Sensor(gain=0.5, mount_hz=3000.0, mount_damping=0.2, bits=12)
RATE = 12_000.0


def response(sections, hertz):
    return np.abs(sosfreqz(np.atleast_2d(sections), np.atleast_1d(hertz), fs=RATE)[1])


def test_nothing_passes_above_the_stop_edge_and_all_below_the_pass_edge():
    assert response(anti_alias(), np.linspace(0.42, 0.5, 200) * RATE).max() < 10 ** (-80 / 20) * 1.001
    assert response(anti_alias(), np.linspace(0.0, 0.38, 200) * RATE).min() > 10 ** (-0.31 / 20)


def test_the_mounting_resonates_where_it_should():
    hertz = np.linspace(10, 5900, 2000)
    gain = response(mounting(SENSOR, RATE, 1.0), hertz)
    assert gain[0] == pytest.approx(1.0, abs=1e-3)
    assert response(mounting(SENSOR, RATE, 1.0), 3000.0)[0] == pytest.approx(1 / (2 * 0.2), rel=1e-6)
    assert hertz[np.argmax(response(mounting(SENSOR, RATE, 0.9), hertz))] < hertz[np.argmax(gain)]


@given(st.lists(st.floats(-500, 500), min_size=1, max_size=50))
def test_the_converter_rounds_to_its_steps_and_clips(values):
    levels = quantise(np.array(values), SENSOR) / (SENSOR.gain * 2 * FULL_SCALE / 2**12)
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)
    assert levels.min() >= -2048
    assert levels.max() <= 2047
    error = np.abs(quantise(np.array(values), SENSOR) / SENSOR.gain - np.clip(values, -FULL_SCALE, FULL_SCALE))
    assert error.max() <= 2 * FULL_SCALE / 2**12


def test_the_signal_drifts():
    """Nothing at the surface: what is stored is a slow drift and no more."""
    fine = replace(SENSOR, bits=16)
    stored = measure(np.zeros(5000), fine, RATE, 1.0, np.random.default_rng(0))
    assert stored.dtype == np.float32
    assert np.ptp(stored) > 0
    assert np.unique(np.sign(np.diff(stored))).size == 2  # steps of one sign, and rests


@pytest.mark.parametrize("system", DESIGNS)
def test_modes_and_mounting_pass_the_filter(system):
    """A mode that the rate cannot carry would be a parameter without effect."""
    rig = DESIGNS[system]
    assert max(mode.frequency for mode in rig.modes) * 1.05 < 0.38 * rig.sample_rate
    assert rig.sensor.mount_hz * 1.05 < 0.5 * rig.sample_rate
