"""From the machine's surface to stored numbers: mounting, drift, anti-alias filter, converter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import pi, tan

import numpy as np
from numpy.typing import NDArray
from scipy.signal import ellip, sosfilt

from twostage.data.sources.synthetic.shaft import Floats

STOP_EDGE = 0.42
"""Share of the sampling rate above which nothing passes."""
PASS_EDGE = 0.38
FULL_SCALE = 100.0
"""Largest value that the converter takes, in units of the noise's standard deviation."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """``gain`` is the unit of the stored numbers per standard deviation of the noise; the mounting is a resonance."""

    gain: float
    mount_hz: float
    mount_damping: float
    bits: int


def measure(
    surface_L: Floats, sensor: Sensor, rate: float, detuning: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """The stored signal, shape (L,). ``detuning`` multiplies the mounting's frequency.

    The first samples hold the filters' start; callers give a lead-in and drop it.
    """
    sections = np.concatenate([mounting(sensor, rate, detuning)[None], anti_alias()])
    filtered_L = np.asarray(sosfilt(sections, surface_L))
    offset, slope = 0.1 * rng.standard_normal(2)
    filtered_L += np.linspace(offset, offset + slope, len(filtered_L))
    return quantise(filtered_L, sensor)


def mounting(sensor: Sensor, rate: float, detuning: float) -> Floats:
    """The mounting w^2 / (s^2 + 2 zeta w s + w^2) as one second-order section, by the bilinear map at its peak."""
    w = tan(pi * sensor.mount_hz * detuning / rate)
    damped = 2.0 * sensor.mount_damping * w
    section = np.array([w * w, 2.0 * w * w, w * w, 1.0 + damped + w * w, 2.0 * (w * w - 1.0), 1.0 - damped + w * w])
    return np.asarray(section / section[3])


@lru_cache(maxsize=1)
def anti_alias() -> Floats:
    """Elliptic low-pass, 0.3 dB ripple to 0.38 fs and at least 80 dB down from 0.42 fs on, as sections.

    Above 0.42 fs the converter's own noise then drowns what is left of the machine, so that no class can be told
    from what a real chain would have removed.
    """
    return np.asarray(ellip(9, 0.3, 80.0, 2.0 * PASS_EDGE, output="sos"))


def quantise(signal_L: Floats, sensor: Sensor) -> NDArray[np.float32]:
    """Round to the converter's steps and clip at its full scale; then scale by the gain."""
    step = 2.0 * FULL_SCALE / 2**sensor.bits
    levels_L = np.clip(np.rint(signal_L / step), -(2 ** (sensor.bits - 1)), 2 ** (sensor.bits - 1) - 1)
    return np.asarray(levels_L * (step * sensor.gain), dtype=np.float32)
