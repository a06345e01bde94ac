"""Mesh and cracked tooth."""

from __future__ import annotations

import numpy as np
import pytest

from twostage.data.sources.synthetic.gear import Crack, Gear, mesh_sound, tooth_pulse, tooth_ring
from twostage.data.sources.synthetic.modes import Mode
from twostage.data.sources.synthetic.shaft import constant, turn

GEAR = Gear(teeth=20, mesh=1.0)
PER_TURN = 512
ANGLES = np.arange(64 * PER_TURN) / PER_TURN


def line(sound, order):
    """Amplitude of a line of the shaft."""
    return 2 * abs(np.mean(sound * np.exp(-2j * np.pi * order * ANGLES)))


@pytest.mark.parametrize("harmonic", [1, 2, 3, 4])
def test_mesh_harmonics_fall(harmonic):
    sound = mesh_sound(ANGLES, GEAR, None)
    assert line(sound, 20 * harmonic) == pytest.approx(1 / harmonic, rel=0.02)
    assert line(sound, 20 * harmonic + 7) < 1e-9


def test_a_healthy_mesh_has_one_weak_pair_of_sidebands():
    sound = mesh_sound(ANGLES, GEAR, None)
    assert 0.01 < line(sound, 21) < 0.06
    assert line(sound, 25) < 1e-6


def test_a_crack_spreads_sidebands_that_grow_with_it():
    wide = [line(mesh_sound(ANGLES, GEAR, Crack(0.3, size)), 25) for size in (1, 2, 4)]
    assert 0.005 < wide[0] < wide[1] < wide[2]


def test_a_crack_speaks_only_while_its_tooth_meets():
    change = np.abs(mesh_sound(ANGLES, GEAR, Crack(0.3, 2.0)) - mesh_sound(ANGLES, GEAR, None))
    near = np.abs(ANGLES % 1.0 - 0.3) < 0.1
    assert change[~near].max() < 1e-3 * change[near].max()


def test_the_pulse_comes_once_per_turn():
    pulse = tooth_pulse(ANGLES[: 3 * PER_TURN] - 0.25)
    tops = np.flatnonzero(pulse == pulse.max())
    assert ANGLES[tops].tolist() == [0.25, 1.25, 2.25]
    assert tooth_pulse(np.array([0.15 / (2 * np.pi)])) == pytest.approx(np.exp(-1))


def test_the_structure_rings_once_per_turn():
    turning = turn(constant(1200), 40_000, 0, 20_000.0, np.random.default_rng(0))
    sound = tooth_ring(turning, Crack(0.3, 1.0), 1.0, (Mode(3000.0, 0.05, 1.0),))
    begins = np.flatnonzero((np.abs(sound[1:]) > 0.1) & (np.abs(sound[:-1]) == 0.0))
    strong = np.abs(sound) > 0.1
    turns = {int(np.floor(angle - 0.3)) for angle in turning.angle_L[strong]}
    assert len(begins) == 1  # before the first blow nothing sounds; afterwards a mode never is exactly still
    assert len(turns) == pytest.approx(40, abs=1)
    offset = (turning.angle_L[strong] - 0.3) % 1.0
    assert offset.max() < 0.1
