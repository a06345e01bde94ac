"""What sets one part apart from its sisters: drawn once per bearing, the same in every recording of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from twostage.data.sources.synthetic.background import HARMONICS, Background
from twostage.data.sources.synthetic.bearing import Spall
from twostage.data.sources.synthetic.faults import BEARING_FAULTS, Fault
from twostage.data.sources.synthetic.gear import Crack
from twostage.data.sources.synthetic.modes import Mode
from twostage.data.sources.synthetic.rigs import Rig
from twostage.data.sources.synthetic.shaft import Floats

SLIP = 0.004
MODE_SPREAD = 0.05
AMPLITUDE_SPREAD = 0.2
SMALL_SPREAD = 0.05


@dataclass(frozen=True)
class Recipe:
    """One bearing (or gear) as it is built into the rig. ``amplitude`` multiplies the fault of its severity."""

    fault: Fault
    amplitude: float
    slip: float
    modes: tuple[Mode, ...]
    spall: Spall | None
    crack: Crack | None
    background: Background
    phase_H: Floats
    noise_centre: float
    detuning: float


def draw_recipe(rig: Rig, fault: Fault, scale: float, rng: np.random.Generator) -> Recipe:
    """Draw one part: modes within 5 %, amplitude within 20 %, slip within 0.4 %, own phases and background.

    All draws are made for all faults, in one order: what a healthy part draws in vain keeps the order the same.
    """
    amplitude = scale * _within(AMPLITUDE_SPREAD, rng)
    slip = rng.uniform(-SLIP, SLIP)
    modes = tuple(replace(mode, frequency=mode.frequency * _within(MODE_SPREAD, rng)) for mode in rig.modes)
    spall, crack = _spall(fault, rng), Crack(place=rng.random(), size=amplitude)
    return Recipe(
        fault=fault,
        amplitude=amplitude,
        slip=slip,
        modes=modes,
        spall=spall if fault in BEARING_FAULTS else None,
        crack=crack if fault is Fault.TOOTH else None,
        background=_background(rig.background, rng),
        phase_H=rng.random(len(HARMONICS)),
        noise_centre=rig.noise_centre * _within(SMALL_SPREAD, rng),
        detuning=_within(SMALL_SPREAD, rng),
    )


def _within(spread: float, rng: np.random.Generator) -> float:
    return float(rng.uniform(1.0 - spread, 1.0 + spread))


def _spall(fault: Fault, rng: np.random.Generator) -> Spall:
    """A fault on the outer race lies in the load zone, within 30 degrees of its middle: there races fail."""
    place = rng.uniform(-1.0, 1.0)
    jitter, second = rng.uniform(0.005, 0.015), rng.uniform(0.6, 0.9)
    return Spall(fault, place / 12.0 if fault is Fault.OUTER else place, jitter, second)


def _background(usual: Background, rng: np.random.Generator) -> Background:
    return replace(
        usual,
        imbalance=usual.imbalance * _within(AMPLITUDE_SPREAD, rng),
        misalignment=usual.misalignment * _within(AMPLITUDE_SPREAD, rng),
        looseness=usual.looseness * _within(AMPLITUDE_SPREAD, rng),
        hum=usual.hum * _within(AMPLITUDE_SPREAD, rng),
    )
