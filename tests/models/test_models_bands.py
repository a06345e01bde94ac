"""Band energies against a loop in double precision."""

from __future__ import annotations

import math

import numpy as np
import torch

from twostage.models.bands import BandEnergies


def by_loop(x_LC, rate, top, bands):
    """Energies of lines above 0 Hz, each put into the band (low, high] that it lies in."""
    length, channels = x_LC.shape
    found = np.zeros((bands, channels))
    for channel in range(channels):
        for line, value in enumerate(np.fft.rfft(x_LC[:, channel])[1:], 1):
            band = math.ceil(round(line * rate * bands / length / top, 6)) - 1
            if band < bands:
                found[band, channel] += abs(value) ** 2 / length
    return np.log(found + 1e-12)


def test_energies_equal_those_of_a_loop_at_every_rate():
    features = BandEnergies(length=96, channels=2, top=500.0)
    x_BLC = torch.randn(3, 96, 2, generator=torch.Generator().manual_seed(0))
    rates = torch.tensor([1000.0, 1500.0, 2000.0])
    found = features(x_BLC, rates)
    assert found.shape == (3, 1, features.dim)
    for window, rate, tokens in zip(x_BLC.double().numpy(), rates.tolist(), found, strict=True):
        expected = by_loop(window, rate, 500.0, features.bands)
        np.testing.assert_allclose(tokens.reshape(features.bands, 2), expected, rtol=1e-4, atol=1e-4)


def test_short_windows_have_fewer_bands():
    assert BandEnergies(length=1024, channels=1, top=1.0).bands == 64
    assert BandEnergies(length=64, channels=1, top=1.0).bands == 16
    assert BandEnergies(length=8, channels=3, top=1.0).dim == 6
