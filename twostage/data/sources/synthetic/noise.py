"""What is heard besides the machine: white noise, noise of a resonant path, and rare knocks."""

from __future__ import annotations

from math import cos, pi, sqrt

import numpy as np
from scipy.signal import lfilter

from twostage.data.sources.synthetic.shaft import Floats

WHITE_SHARE = 0.5
RADIUS = 0.9
KNOCKS_PER_SECOND = 0.2
KNOCK_SCALE = 6.0
KNOCK_LIMIT = 20.0
ALPHA = 1.5


def noise(length: int, rate: float, centre: float, rng: np.random.Generator) -> Floats:
    """Noise of power one and shape (length,), half white and half coloured around ``centre`` * rate, and knocks."""
    white_L = rng.standard_normal(length)
    coloured_L = coloured(length, centre, rng)
    sum_L = sqrt(WHITE_SHARE) * white_L + sqrt(1.0 - WHITE_SHARE) * coloured_L
    where_K = rng.integers(0, length, rng.poisson(KNOCKS_PER_SECOND * length / rate))
    np.add.at(sum_L, where_K, knocks(len(where_K), rng))
    return sum_L


def coloured(length: int, centre: float, rng: np.random.Generator) -> Floats:
    """AR(2) noise of variance one with its peak near ``centre`` (share of the sampling rate)."""
    a, b = 2.0 * RADIUS * cos(2.0 * pi * centre), -(RADIUS**2)
    variance = (1.0 - b) / ((1.0 + b) * ((1.0 - b) ** 2 - a * a))
    return np.asarray(lfilter([1.0 / sqrt(variance)], [1.0, -a, -b], rng.standard_normal(length)))


def knocks(count: int, rng: np.random.Generator) -> Floats:
    """Sizes of knocks: symmetric alpha-stable (Chambers, Mallows & Stuck, JASA 71 (1976) 340), cut at 20."""
    angle_K = rng.uniform(-pi / 2.0, pi / 2.0, count)
    tail_K = rng.exponential(1.0, count)
    bend_K = (np.cos((1.0 - ALPHA) * angle_K) / tail_K) ** ((1.0 - ALPHA) / ALPHA)
    stable_K = np.sin(ALPHA * angle_K) / np.cos(angle_K) ** (1.0 / ALPHA) * bend_K
    return np.clip(KNOCK_SCALE * stable_K, -KNOCK_LIMIT, KNOCK_LIMIT)
