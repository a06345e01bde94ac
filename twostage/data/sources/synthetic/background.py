"""The deterministic part that every machine has: harmonics of the shaft, and the supply's hum."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

from twostage.data.sources.synthetic.shaft import Floats

HARMONICS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0)
"""Orders of the shaft that are heard."""


@dataclass(frozen=True, slots=True)
class Background:
    """Amplitudes in units of the noise's standard deviation.

    ``imbalance`` speaks once per revolution, ``misalignment`` twice and a little three times, ``looseness`` at
    every half order, falling. ``hum`` sounds at ``hum_hz``, twice the frequency of the supply.
    """

    imbalance: float
    misalignment: float
    looseness: float
    hum: float
    hum_hz: float

    def amplitudes(self, relative_speed: float) -> dict[float, float]:
        """Amplitude of each harmonic; imbalance grows with the square of the speed."""
        amplitude = {order: self.looseness / (1.0 + order) for order in HARMONICS}
        amplitude[1.0] += self.imbalance * relative_speed**2
        amplitude[2.0] += self.misalignment
        amplitude[3.0] += 0.3 * self.misalignment
        return amplitude


def shaft_sound(angle_L: Floats, amplitude: dict[float, float], phase_H: Floats) -> Floats:
    """Sum over the harmonics of amplitude * cos(2 pi (order * angle + phase)); angle in revolutions, shape (L,).

    All orders are multiples of a half, so the sum is a polynomial in exp(i pi angle): one exponential for all.
    """
    coefficients = np.zeros(int(2 * max(amplitude)) + 1, dtype=np.complex128)
    for (order, size), phase in zip(amplitude.items(), phase_H, strict=True):
        coefficients[int(2 * order)] = size * np.exp(2j * pi * phase)
    turn_L = half_turns(angle_L)
    sum_L = np.full(len(angle_L), coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        sum_L *= turn_L
        sum_L += coefficient
    return np.ascontiguousarray(sum_L.real)


def half_turns(angle_L: Floats) -> NDArray[np.complex128]:
    """exp(i pi angle) for angles in revolutions."""
    turn_L = np.empty(len(angle_L), dtype=np.complex128)
    np.cos(pi * angle_L, out=turn_L.real)
    np.sin(pi * angle_L, out=turn_L.imag)
    return turn_L


def hum(length: int, rate: float, background: Background, phase: float) -> Floats:
    """The supply's hum, shape (length,)."""
    return np.asarray(background.hum * np.cos(2.0 * pi * (background.hum_hz / rate * np.arange(length) + phase)))
