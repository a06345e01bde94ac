"""How the shaft turns. Everything that happens at an angle is placed in angle first and mapped to time here."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

RIPPLE = 0.002
RIPPLE_HZ = 0.3


@dataclass(frozen=True, slots=True)
class Speed:
    """Speed in Hz at equally spaced moments of a recording, linear between them; one value is a constant speed."""

    corners: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean speed in Hz over a recording."""
        return float(self.at(np.linspace(0.0, 1.0, 1001)).mean())

    def at(self, share_L: Floats) -> Floats:
        """Speed in Hz where 0 is the recording's begin and 1 its end; constant outside."""
        return np.interp(share_L, np.linspace(0.0, 1.0, len(self.corners)), self.corners)


def constant(rpm: float) -> Speed:
    """The same speed all along, given in revolutions per minute."""
    return Speed((rpm / 60.0,))


@dataclass(frozen=True)
class Turning:
    """The shaft in one recording: speed in Hz and angle in revolutions at each sample; the angle always grows."""

    speed_L: Floats
    angle_L: Floats
    rate: float

    def when(self, angle_K: Floats) -> Floats:
        """Moments, in samples and fractions of one, at which the shaft stands at these angles in revolutions."""
        return np.interp(angle_K, self.angle_L, np.arange(len(self.angle_L), dtype=np.float64))


def turn(speed: Speed, length: int, lead: int, rate: float, rng: np.random.Generator) -> Turning:
    """Turn the shaft for ``lead + length`` samples from a random angle, with a slow ripple of 0.2 % of the speed.

    ``speed`` describes the last ``length`` samples; before them the speed is what it is at their begin.
    """
    start, phase = rng.random(2)
    time_L = np.arange(-lead, length) / rate
    ripple_L = RIPPLE * np.cos(2.0 * pi * (RIPPLE_HZ * time_L + phase))
    speed_L = speed.at(time_L * (rate / length)) * (1.0 + ripple_L)
    return Turning(speed_L, start + _angles(speed_L, rate), rate)


def _angles(speed_L: Floats, rate: float) -> Floats:
    """Trapezoidal sum of the speed, in revolutions from the first sample on."""
    angle_L: Floats = (np.cumsum(speed_L) - 0.5 * (speed_L + speed_L[0])) / rate
    return angle_L
