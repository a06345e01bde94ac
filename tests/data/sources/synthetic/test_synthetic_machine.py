"""One recording: all parts sound, each part has its own character, and the fault has the size that the rig states."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_spectra import band_of, envelope, height, peak, spectrum

from twostage.data.sources.synthetic.bearing import Spall, bearing_sound, blows
from twostage.data.sources.synthetic.faults import Fault
from twostage.data.sources.synthetic.kinematics import orders_of
from twostage.data.sources.synthetic.machine import record, unit_blow
from twostage.data.sources.synthetic.rigs import DESIGNS
from twostage.data.sources.synthetic.shaft import turn
from twostage.data.sources.synthetic.specimens import Specimen


def recorded(rig, recipe):
    length = int(2 * rig.sample_rate)
    return record(rig, recipe, rig.conditions[0], length, np.random.default_rng(0)).astype(float)


def recipe_of(rig, fault, severity=3, instance=0, seed=0):
    return Specimen(rig, fault, severity if fault else 0, instance).recipe(seed)


@pytest.mark.parametrize(
    ("system", "order", "hertz"), [(1, 1.0, 0.0), (1, 2.0, 0.0), (2, 0.5, 0.0), (1, 0.0, 120.0), (7, 24.0, 0.0)]
)
def test_shaft_supply_and_mesh_are_heard(system, order, hertz):
    rig = DESIGNS[system]
    at = order * rig.conditions[0].speed.mean + hertz
    frequencies, amplitude = spectrum(recorded(rig, recipe_of(rig, Fault.NORMAL)), rig.sample_rate)
    near = np.abs(frequencies - at) < 12
    assert height(frequencies, amplitude, at) > 5 * np.median(amplitude[near])


@pytest.mark.parametrize("system", DESIGNS)
def test_the_smallest_outer_race_fault_has_the_stated_power(system):
    rig, rng = DESIGNS[system], np.random.default_rng(0)
    turning = turn(rig.conditions[0].speed, int(4 * rig.sample_rate), 0, rig.sample_rate, rng)
    span = (turning.angle_L[0], turning.angle_L[-2])
    train = blows(Spall(Fault.OUTER, 0.0, 0.01, 1.0), orders_of(rig.geometry), span, 0.4, rng)
    sound = bearing_sound(turning, train, unit_blow(rig), rig.modes)
    # On the ramp a blow grows with the speed and there are more of the strong ones: half a decibel or so.
    assert 10 * np.log10(sound.var()) == pytest.approx(rig.snr_db, abs=1.0)


def test_the_load_sets_the_size_of_a_fault():
    """Same draws, other force: what the fault adds is in proportion to it."""
    rig = DESIGNS[5]
    recipe, condition = recipe_of(rig, Fault.OUTER), rig.conditions[0]
    none, single, double = (
        record(rig, recipe, replace(condition, force=force), 20_000, np.random.default_rng(0)).astype(float)
        for force in (0.0, 1.0, 2.0)
    )
    np.testing.assert_allclose(double - none, 2 * (single - none), atol=1e-3)
    assert (single - none).std() > 0.5


def test_slip_moves_the_line():
    rig = DESIGNS[1]
    recipe = recipe_of(rig, Fault.OUTER)
    expected = orders_of(rig.geometry).outer * rig.conditions[0].speed.mean

    def line(slip):
        squared = envelope(recorded(rig, replace(recipe, slip=slip)), rig.sample_rate, band_of(rig.modes[0], 12_000.0))
        return peak(*spectrum(squared, rig.sample_rate), expected)[0]

    assert line(0.01) - line(-0.01) == pytest.approx(0.02 * expected, rel=0.2)


def test_a_crack_changes_the_mesh_and_not_only_the_ringing():
    """With the blow made inaudible the mesh still differs, once per turn."""
    rig = DESIGNS[7]
    recipe = replace(recipe_of(rig, Fault.TOOTH), amplitude=0.0)
    change = recorded(rig, recipe) - recorded(rig, replace(recipe, crack=replace(recipe.crack, size=0.0)))
    turns = change[: 60 * 600].reshape(60, 600)  # 33.3 Hz at 20 kHz: 600 samples a turn
    assert np.abs(turns).max(axis=1).min() > 0.5 * rig.sensor.gain * rig.gear.mesh
    assert np.median(np.abs(turns)) < 0.1 * np.abs(turns).max()


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_bearings_scatter_around_their_severity(severity):
    made = [recipe_of(DESIGNS[1], Fault.INNER, severity, instance) for instance in range(200)]
    amplitudes = np.array([recipe.amplitude for recipe in made]) / 2 ** (severity - 1)
    modes = np.array([recipe.modes[0].frequency for recipe in made]) / 2800.0
    slips = np.array([recipe.slip for recipe in made])
    for values, middle, spread in ((amplitudes, 1.0, 0.2), (modes, 1.0, 0.05), (slips, 0.0, 0.004)):
        assert np.abs(values - middle).max() <= spread
        assert np.ptp(values) > 1.8 * spread
        assert values.mean() == pytest.approx(middle, abs=0.15 * spread)


def test_a_healthy_part_has_no_fault():
    recipe = recipe_of(DESIGNS[6], Fault.NORMAL)
    assert (recipe.amplitude, recipe.spall, recipe.crack) == (0.0, None, None)


def test_every_recording_has_draws_of_its_own():
    """Seed, rig, fault, severity, part and domain: each of them changes the draws, and so does part against domain."""
    usual = Specimen(DESIGNS[1], Fault.INNER, 1, 0)
    generators = [
        usual.generator(0, 0),
        usual.generator(1, 0),
        usual.generator(0, 1),
        replace(usual, rig=DESIGNS[2]).generator(0, 0),
        replace(usual, fault=Fault.BALL).generator(0, 0),
        replace(usual, severity=2).generator(0, 0),
        replace(usual, instance=1).generator(0, 0),
    ]
    assert len({generator.random() for generator in generators}) == len(generators)
    assert usual.generator(0, 0).random() == usual.generator(0, 0).random()
    parts = [usual, replace(usual, fault=Fault.BALL), replace(usual, instance=1), replace(usual, severity=2)]
    assert len({part.recipe(0).slip for part in [*parts, replace(usual, rig=DESIGNS[2])]}) == 5
    assert usual.recipe(0).slip != usual.recipe(1).slip
