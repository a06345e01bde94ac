"""The shaft: speed profiles, angles and the way back from angle to time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.data.sources.synthetic.rigs import DESIGNS
from twostage.data.sources.synthetic.shaft import RIPPLE, Speed, constant, turn

RATE = 2000.0
speeds = st.builds(Speed, st.lists(st.floats(5, 60), min_size=1, max_size=4).map(tuple))


def turning(speed, length=4000, lead=0, seed=0):
    return turn(speed, length, lead, RATE, np.random.default_rng(seed))


@given(speeds, st.integers(0, 100))
def test_the_shaft_turns_by_its_mean_speed(speed, seed):
    angle = turning(speed, seed=seed).angle_L
    assert angle[-1] - angle[0] == pytest.approx(speed.mean * 2.0, rel=2 * RIPPLE)
    assert (np.diff(angle) > 0).all()
    assert 0 <= angle[0] < 1


@given(speeds, st.floats(0.01, 0.99))
def test_angle_and_time_are_each_others_inverse(speed, share):
    made = turning(speed)
    angle = made.angle_L[0] + share * (made.angle_L[-1] - made.angle_L[0])
    when = made.when(np.array([angle]))
    assert np.interp(when, np.arange(4000), made.angle_L) == pytest.approx(angle, abs=1e-9)


@pytest.mark.parametrize(
    ("domain", "speeds"), [(0, (14, 21, 28)), (1, (28, 21, 14)), (2, (14, 28, 14)), (3, (28, 14, 28))]
)
def test_the_variable_speed_rig_ramps(domain, speeds):
    speed = turning(DESIGNS[6].conditions[domain].speed, lead=500).speed_L[500:]
    assert speed[[0, 2000, -1]] == pytest.approx(speeds, rel=2 * RIPPLE)


def test_before_a_recording_the_speed_is_that_of_its_begin():
    speed = turning(Speed((14.0, 28.0)), lead=500).speed_L
    assert speed[:500] == pytest.approx(14.0, rel=1.1 * RIPPLE)


def test_ripple_is_there_and_small():
    speed = turning(constant(1800), length=20_000).speed_L
    assert np.ptp(speed) / 30 == pytest.approx(2 * RIPPLE, rel=0.01)
