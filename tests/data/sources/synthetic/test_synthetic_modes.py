"""Ring-downs against their formula, blow by blow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.data.sources.synthetic.modes import Mode, energy, ring_down

RATE = 12_000.0
LENGTH = 300

moments = st.lists(st.floats(0, LENGTH - 2), min_size=1, max_size=6)
modes = st.builds(Mode, st.floats(200, 5000), st.floats(0.01, 0.2), st.floats(0.1, 2.0))


def formula(when, amplitude, mode):
    elapsed = (np.arange(LENGTH) - when) / RATE
    omega = 2 * np.pi * mode.frequency
    damped = omega * np.sqrt(1 - mode.damping**2)
    answer = np.exp(-mode.damping * omega * elapsed) * np.sin(damped * elapsed)
    return np.where(elapsed >= 0, mode.weight * amplitude * answer, 0.0)


@given(moments, st.lists(modes, min_size=1, max_size=3))
def test_answer_is_the_sum_of_damped_sines_at_any_fraction_of_a_sample(when, modes):
    amplitude = np.arange(1.0, len(when) + 1)
    expected = sum(formula(w, a, mode) for w, a in zip(when, amplitude, strict=True) for mode in modes)
    found = ring_down(np.array(when), amplitude, modes, LENGTH, RATE)
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_no_blow_no_answer():
    assert not ring_down(np.empty(0), np.empty(0), [Mode(1000.0, 0.05, 1.0)], 10, RATE).any()


@pytest.mark.parametrize("damping", [0.02, 0.05])
def test_energy_is_that_of_a_damped_sine(damping):
    """Integral of exp(-2 zeta w t) sin^2 is about 1 / (4 zeta w)."""
    expected = RATE / (4 * damping * 2 * np.pi * 2000)
    assert energy([Mode(2000.0, damping, 1.0)], RATE) == pytest.approx(expected, rel=0.02)
