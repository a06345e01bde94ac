"""A pair of gears on the shaft: mesh, its sidebands, and a cracked tooth.

Model: mesh harmonics m = 1 ... 4, each modulated in amplitude and phase once per revolution of the shaft (McFadden,
J. Vib. Acoust. 108 (1986) 165-170). A cracked tooth is softer: while it is in mesh, the amplitude rises, the phase
falls back, and the structure rings.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.polynomial.chebyshev import chebval

from twostage.data.sources.synthetic.modes import Mode, ring_down
from twostage.data.sources.synthetic.shaft import Floats, Turning

HARMONIC_SIZES = (0.0, 1.0, 1.0 / 2.0, 1.0 / 3.0, 1.0 / 4.0)
"""Amplitude of mesh harmonic m at position m, before modulation."""
EVEN_AM = 0.05
EVEN_PM = 0.02
TOOTH_RADIANS = 0.15
AM_PER_SEVERITY = 0.4
PM_PER_SEVERITY = 0.15


@dataclass(frozen=True, slots=True)
class Gear:
    """The gear on the shaft. ``mesh`` is the amplitude of the first mesh harmonic in units of the noise."""

    teeth: int
    mesh: float


@dataclass(frozen=True, slots=True)
class Crack:
    """A cracked tooth at ``place`` (revolutions from the shaft's mark); ``size`` is 1 for the smallest crack."""

    place: float
    size: float


def mesh_sound(angle_L: Floats, gear: Gear, crack: Crack | None) -> Floats:
    """Sound of the mesh, shape (L,), at shaft angles in revolutions; harmonic m has amplitude mesh / m."""
    once_L = np.cos(2.0 * pi * angle_L)
    amplitude_L = 1.0 + EVEN_AM * once_L
    phase_L = 2.0 * pi * gear.teeth * angle_L + EVEN_PM * np.sin(2.0 * pi * angle_L)
    if crack is not None:
        pulse_L = tooth_pulse(angle_L - crack.place)
        amplitude_L += AM_PER_SEVERITY * crack.size * pulse_L
        phase_L -= PM_PER_SEVERITY * crack.size * pulse_L
    # cos(m phase) is the m-th Chebyshev polynomial of cos(phase): one cosine serves all harmonics.
    return np.asarray(gear.mesh * amplitude_L * chebval(np.cos(phase_L), HARMONIC_SIZES))


def tooth_pulse(turn_L: Floats) -> Floats:
    """exp(-(theta / 0.15)^2) with theta in radians wrapped to -pi ... pi; ``turn_L`` in revolutions."""
    theta_L = 2.0 * pi * (turn_L - np.round(turn_L))
    return np.exp(-np.square(theta_L / TOOTH_RADIANS))


def tooth_ring(turning: Turning, crack: Crack, amplitude: float, modes: tuple[Mode, ...]) -> Floats:
    """Ring-down of the structure once per revolution, when the cracked tooth meets, shape (L,)."""
    angle_L = turning.angle_L
    begin = np.ceil(angle_L[0] - crack.place)
    meeting_K = np.arange(begin, angle_L[-2] - crack.place) + crack.place
    when_K = turning.when(meeting_K)
    return ring_down(when_K, np.full(len(when_K), amplitude), modes, len(angle_L), turning.rate)
