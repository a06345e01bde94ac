"""What a structure answers to a blow: a sum of damped sines, placed between samples exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from scipy.signal import lfilter

from twostage.data.sources.synthetic.shaft import Floats


@dataclass(frozen=True, slots=True)
class Mode:
    """One resonance: frequency in Hz, damping ratio, and its share in the answer."""

    frequency: float
    damping: float
    weight: float

    def pole(self, rate: float) -> complex:
        """Factor by which the answer changes over one sample."""
        omega = 2.0 * pi * self.frequency / rate
        return complex(np.exp(omega * complex(-self.damping, sqrt(1.0 - self.damping**2))))


def ring_down(when_K: Floats, amplitude_K: Floats, modes: Sequence[Mode], length: int, rate: float) -> Floats:
    """Answer of shape (length,) to blows at ``when_K`` (in samples, fractions allowed, 0 <= when <= length - 2).

    Each blow adds weight * exp(-zeta w t) sin(w_d t) from its moment on. Past a blow a mode obeys a recursion of two
    steps, so that a blow needs two start values, whatever its moment, and one filter serves all blows.
    """
    answer_L = np.zeros(length)
    first_K = np.ceil(when_K).astype(np.int64)
    for mode in modes:
        pole = mode.pole(rate)
        state_K = mode.weight * amplitude_K * np.power(pole, first_K - when_K)
        start_L = np.zeros(length)
        np.add.at(start_L, first_K, state_K.imag)
        np.add.at(start_L, first_K + 1, -(np.conj(pole) * state_K).imag)
        answer_L += lfilter([1.0], [1.0, -2.0 * pole.real, abs(pole) ** 2], start_L)
    return answer_L


def energy(modes: Sequence[Mode], rate: float) -> float:
    """Sum of the squared samples of the answer to one blow of size one."""
    slowest = min(mode.damping * mode.frequency for mode in modes)
    length = int(rate / slowest) + 2
    return float(np.square(ring_down(np.zeros(1), np.ones(1), modes, length, rate)).sum())
