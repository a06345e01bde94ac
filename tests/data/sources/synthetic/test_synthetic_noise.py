"""Noise and background: powers and lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.data.sources.synthetic.background import HARMONICS, Background, hum, shaft_sound
from twostage.data.sources.synthetic.noise import KNOCK_LIMIT, coloured, knocks, noise

USUAL = Background(imbalance=0.4, misalignment=0.3, looseness=0.2, hum=0.5, hum_hz=100.0)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("centre", [0.1, 0.2, 0.3])
def test_coloured_noise_has_power_one_and_its_peak_where_it_is_asked(centre):
    made = coloured(200_000, centre, rng())
    power = (np.abs(np.fft.rfft(made.reshape(1000, 200))) ** 2).mean(axis=0)
    assert made.var() == pytest.approx(1.0, rel=0.03)
    assert np.argmax(power) / 200 == pytest.approx(centre, abs=0.011)


def test_half_of_the_noise_is_white():
    """Far from its peak an AR(2) of radius 0.9 has 1 % of its mean density; what remains there is the white half."""
    blocks = noise(400_000, 1e9, 0.1, rng()).reshape(1000, 400)
    density = (np.abs(np.fft.rfft(blocks)) ** 2).mean(axis=0) / 400
    assert density[180:].mean() == pytest.approx(0.5, abs=0.04)


def test_noise_has_power_one_and_few_knocks():
    """At one sample per second a fifth of the samples would knock; at any usual rate the power stays one."""
    assert noise(100_000, 100_000.0, 0.2, rng()).var() == pytest.approx(1.0, rel=0.03)
    assert noise(100_000, 1.0, 0.2, rng()).var() > 3.0


def test_knocks_have_heavy_tails_within_a_limit():
    made = np.abs(knocks(50_000, rng()))
    assert np.median(made) < 10
    assert made.max() == KNOCK_LIMIT
    assert 0.05 < (made == KNOCK_LIMIT).mean() < 0.3


@given(st.floats(0.4, 2.0), st.integers(0, 99))
def test_shaft_sound_is_the_sum_of_its_harmonics(speed, seed):
    angle = np.linspace(-1.0, 4.0, 200)
    phase = rng(seed).random(len(HARMONICS))
    amplitude = USUAL.amplitudes(speed)
    expected = sum(amplitude[h] * np.cos(2 * np.pi * (h * angle + p)) for h, p in zip(HARMONICS, phase, strict=True))
    np.testing.assert_allclose(shaft_sound(angle, amplitude, phase), expected, atol=1e-9)


def test_imbalance_grows_with_the_square_of_the_speed():
    slow, fast = USUAL.amplitudes(1.0), USUAL.amplitudes(2.0)
    assert fast[1.0] - slow[1.0] == pytest.approx(3 * USUAL.imbalance)
    assert {order for order in HARMONICS if fast[order] != slow[order]} == {1.0}


def test_hum_sounds_at_its_frequency():
    power = np.abs(np.fft.rfft(hum(1000, 1000.0, USUAL, 0.3))) / 500
    assert np.argmax(power) == 100
    assert power[100] == pytest.approx(0.5)
