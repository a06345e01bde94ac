"""Envelope analysis for the tests, independent of the generator: band-pass, Hilbert, square, transform."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, hilbert, sosfiltfilt


def envelope(signal, rate, band):
    """Squared envelope of the signal in a band (Hz), without its mean."""
    sections = butter(4, band, btype="bandpass", fs=rate, output="sos")
    squared = np.abs(hilbert(sosfiltfilt(sections, signal))) ** 2
    return squared - squared.mean()


def spectrum(signal, rate):
    """Frequencies and amplitudes, Hann window, zero-padded four times so that a peak can be read between bins."""
    size = 4 * len(signal)
    amplitude = np.abs(np.fft.rfft(signal * np.hanning(len(signal)), size))
    return np.fft.rfftfreq(size, 1 / rate), amplitude


def band_of(mode, rate):
    """A band around a mode that keeps below the anti-alias filter."""
    return 0.8 * mode.frequency, min(1.2 * mode.frequency, 0.40 * rate)


def peak(frequencies, amplitude, expected, within=0.04):
    """Frequency of the highest line within a share of ``expected``, and its height over the median around it."""
    near = (frequencies > expected * (1 - within)) & (frequencies < expected * (1 + within))
    around = (frequencies > expected * 0.8) & (frequencies < expected * 1.2)
    best = np.flatnonzero(near)[np.argmax(amplitude[near])]
    return frequencies[best], amplitude[best] / np.median(amplitude[around])


def height(frequencies, amplitude, at, width=1.0):
    """Greatest amplitude within ``width`` of a place."""
    return amplitude[np.abs(frequencies - at) <= width].max()
