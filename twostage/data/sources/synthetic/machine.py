"""One recording: everything that sounds, added at the surface, and measured there.

The unit at the surface is the standard deviation of the noise. Faults are sized against it once per rig, by the power
of the smallest one, and not once per recording: a worse fault is louder, and a healthy machine is not quieter.
"""

from __future__ import annotations

from functools import cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from twostage.data.sources.synthetic.background import hum, shaft_sound
from twostage.data.sources.synthetic.bearing import bearing_sound, blows
from twostage.data.sources.synthetic.gear import mesh_sound, tooth_ring
from twostage.data.sources.synthetic.kinematics import orders_of
from twostage.data.sources.synthetic.modes import energy
from twostage.data.sources.synthetic.noise import noise
from twostage.data.sources.synthetic.recipe import Recipe
from twostage.data.sources.synthetic.rigs import Condition, Rig
from twostage.data.sources.synthetic.sensor import measure
from twostage.data.sources.synthetic.shaft import Floats, Turning, turn

LEAD = 512
"""Samples made before a recording begins and then dropped: filters have settled, and earlier blows still ring."""


def record(
    rig: Rig, recipe: Recipe, condition: Condition, length: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A recording of shape (length,) in the sensor's unit."""
    turning = turn(condition.speed, length, LEAD, rig.sample_rate, rng)
    surface_L = noise(LEAD + length, rig.sample_rate, recipe.noise_centre, rng)
    surface_L += _healthy(rig, recipe, turning, condition, rng)
    surface_L += _faulty(rig, recipe, turning, condition, rng)
    return measure(surface_L, rig.sensor, rig.sample_rate, recipe.detuning, rng)[LEAD:]


@cache
def unit_blow(rig: Rig) -> float:
    """Size of a blow of the smallest fault, such that an outer-race fault has the rig's signal-to-noise ratio."""
    per_second = orders_of(rig.geometry).outer * rig.conditions[0].speed.mean
    power = per_second * energy(rig.modes, rig.sample_rate) / rig.sample_rate
    return sqrt(10.0 ** (rig.snr_db / 10.0) / power)


def _healthy(rig: Rig, recipe: Recipe, turning: Turning, condition: Condition, rng: np.random.Generator) -> Floats:
    """Shaft, supply and mesh; the mesh carries the crack of a cracked tooth."""
    relative_speed = condition.speed.mean / rig.conditions[0].speed.mean
    amplitude = recipe.background.amplitudes(relative_speed)
    sum_L = shaft_sound(turning.angle_L, amplitude, recipe.phase_H)
    sum_L += hum(len(sum_L), rig.sample_rate, recipe.background, rng.random())
    if rig.gear is not None:
        sum_L += mesh_sound(turning.angle_L, rig.gear, recipe.crack)
    return sum_L


def _faulty(
    rig: Rig, recipe: Recipe, turning: Turning, condition: Condition, rng: np.random.Generator
) -> Floats | float:
    """Blows of a bearing fault or of a cracked tooth; zero for a healthy machine."""
    amplitude = recipe.amplitude * condition.force * unit_blow(rig)
    if recipe.spall is not None:
        orders = orders_of(rig.geometry, recipe.slip)
        span = (float(turning.angle_L[0]), float(turning.angle_L[-2]))
        train = blows(recipe.spall, orders, span, condition.zone, rng)
        return bearing_sound(turning, train, amplitude, recipe.modes)
    if recipe.crack is not None:
        return tooth_ring(turning, recipe.crack, amplitude, recipe.modes)
    return 0.0
