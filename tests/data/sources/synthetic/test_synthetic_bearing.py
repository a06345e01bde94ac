"""The train of blows: spacing, slip, load and alternation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.data.sources.synthetic.bearing import Spall, bearing_sound, blows, strikes
from twostage.data.sources.synthetic.faults import BEARING_FAULTS, Fault
from twostage.data.sources.synthetic.kinematics import orders_of
from twostage.data.sources.synthetic.load_zone import FLOOR, load_at
from twostage.data.sources.synthetic.modes import Mode
from twostage.data.sources.synthetic.rigs import DESIGNS
from twostage.data.sources.synthetic.shaft import Speed, turn

ORDERS = orders_of(DESIGNS[1].geometry)


def rng(seed=0):
    return np.random.default_rng(seed)


@given(st.floats(0.3, 12), st.floats(-3, 3), st.floats(0, 60), st.floats(0, 0.02), st.integers(0, 99))
def test_strikes_lie_in_the_span_and_miss_none_of_it(order, begin, turns, jitter, seed):
    angle = strikes(order, (begin, begin + turns), jitter, rng(seed))
    assert (np.diff(angle) > 0).all()
    assert ((angle >= begin) & (angle <= begin + turns)).all()
    gaps = np.diff(np.concatenate([[begin], angle, [begin + turns]])) * order
    assert gaps.max() <= 1 + 8 * jitter + 1e-9


def test_slip_adds_up_from_blow_to_blow():
    """The spread of the time over m gaps grows with the root of m; independent errors would keep it."""
    angle = strikes(1.0, (0.0, 40_000.0), 0.01, rng())
    spread = {m: np.std(angle[m:] - angle[:-m]) for m in (1, 100)}
    assert spread[1] == pytest.approx(0.01, rel=0.05)
    assert spread[100] == pytest.approx(0.1, rel=0.25)


@given(st.floats(-2, 2), st.floats(0.3, 1.0))
def test_load_is_greatest_in_the_middle_and_never_gone(turn, extent):
    load = load_at(np.array([0.0, turn, 0.5, turn + 1.0]), extent)
    assert load[0] == 1.0
    assert FLOOR <= load[1] <= 1.0
    assert load[2] == load_at(np.array([0.5]), extent)[0] <= load[1]
    assert load[3] == pytest.approx(load[1], abs=1e-6)


@pytest.mark.parametrize("extent", [0.3, 0.4, 0.5])
def test_the_load_zone_ends_where_the_clearance_is_used_up(extent):
    """The deflection is gone where 1 - cos(angle) = 2 * extent: a quarter turn for an extent of one half."""
    edge = np.arccos(1 - 2 * extent) / (2 * np.pi)
    assert load_at(np.array([edge + 1e-6]), extent)[0] == FLOOR
    assert load_at(np.array([edge - 0.02]), extent)[0] > FLOOR + 0.01


@pytest.mark.parametrize("fault", BEARING_FAULTS)
def test_sizes_turn_with_what_carries_the_fault(fault):
    """Blow sizes follow shaft, cage or nothing: their line at that order is far above what chance gives."""
    train = blows(Spall(fault, 0.0, 0.001, 1.0), ORDERS, (0.0, 400.0), 0.4, rng())
    size = train.size_K - train.size_K.mean()

    def line(order):
        return abs(np.mean(size * np.exp(-2j * np.pi * order * train.angle_K)))

    expected = {Fault.INNER: 1.0, Fault.BALL: ORDERS.cage}
    for carrier, order in expected.items():
        assert (line(order) > 0.1) == (fault is carrier)


def test_only_a_ball_hits_two_races_in_turn():
    sizes = {
        fault: blows(Spall(fault, 0.0, 0.0, 0.6), ORDERS, (0.0, 2000.0), 0.4, rng()).size_K for fault in BEARING_FAULTS
    }
    ratio = {fault: size[1::2].mean() / size[::2].mean() for fault, size in sizes.items()}
    assert ratio[Fault.BALL] == pytest.approx(0.6, abs=0.05)
    assert ratio[Fault.INNER] == pytest.approx(1.0, abs=0.05)
    assert ratio[Fault.OUTER] == pytest.approx(1.0, abs=0.05)


def test_blows_grow_with_the_speed():
    turning = turn(Speed((14.0, 28.0)), 40_000, 0, 20_000.0, rng())
    train = blows(Spall(Fault.OUTER, 0.0, 0.0, 1.0), ORDERS, (turning.angle_L[0], turning.angle_L[-2]), 0.4, rng())
    sound = bearing_sound(turning, train, 1.0, (Mode(3000.0, 0.05, 1.0),))
    assert np.abs(sound[30_000:]).max() > 1.4 * np.abs(sound[:10_000]).max()
