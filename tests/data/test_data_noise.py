"""Noise on every window: at the written ratio, and always the same for the same window."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from twostage.data.noise import with_noise


def ids(count):
    return np.arange(count) + 100, 7 * np.arange(count)


@pytest.mark.parametrize("snr", [-5.0, 0.0, 20.0])
def test_the_ratio_is_that_of_mean_powers_in_each_channel(snr):
    x_BLC = torch.randn(2, 20_000, 2) * torch.tensor([1.0, 30.0])
    added = with_noise(x_BLC, snr, *ids(2)) - x_BLC
    measured = 10 * torch.log10(x_BLC.square().mean(dim=1) / added.square().mean(dim=1))
    assert torch.allclose(measured, torch.tensor(snr), atol=0.2)


def test_the_noise_of_a_window_goes_by_recording_and_start_alone():
    x_BLC, (recordings, starts) = torch.randn(6, 64, 1), ids(6)
    whole = with_noise(x_BLC, 3.0, recordings, starts)
    torch.manual_seed(9)
    some = [4, 1]
    assert torch.equal(with_noise(x_BLC[some], 3.0, recordings[some], starts[some]), whole[some])
    moved = with_noise(x_BLC, 3.0, recordings, starts + 1)
    assert (moved != whole).flatten(1).any(dim=1).all()
    drawn = whole - x_BLC
    assert abs(np.corrcoef(drawn[0, :, 0], drawn[1, :, 0])[0, 1]) < 0.5


def test_a_silent_window_stays_silent():
    assert not with_noise(torch.zeros(1, 8, 1), 0.0, *ids(1)).any()
