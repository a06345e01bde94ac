"""Augmentations change what they say and nothing else."""

from __future__ import annotations

import pytest
import torch

from twostage.config.augmentation import Noise, Polarity, Scale, Shift
from twostage.objectives.augmentation import chain


@pytest.fixture
def x_BLC():
    torch.manual_seed(0)
    return torch.randn(64, 256, 2)


@pytest.mark.parametrize("config", [Noise(), Scale(low=2, high=3), Shift(share=0.9), Polarity()])
def test_the_probability_is_used(config, x_BLC):
    never = chain([config.model_copy(update={"probability": 0.0})])(x_BLC)
    always = chain([config.model_copy(update={"probability": 1.0})])(x_BLC)
    assert torch.equal(never, x_BLC)
    changed = (always != x_BLC).flatten(1).any(dim=1)
    assert changed.float().mean() > 0.95


@pytest.mark.parametrize("config", [Noise(), Scale(), Shift(), Polarity()])
def test_the_same_seed_gives_the_same_windows(config, x_BLC):
    def run(seed):
        torch.manual_seed(seed)
        return chain([config])(x_BLC)

    assert torch.equal(run(3), run(3))
    assert not torch.equal(run(3), run(4))


@pytest.mark.parametrize("snr", [0.0, 10.0, 20.0])
def test_noise_has_the_written_ratio(snr):
    x_BLC = 3 * torch.randn(8, 20_000, 1)
    noise = chain([Noise(snr_low=snr, snr_high=snr)])(x_BLC) - x_BLC
    measured = 10 * torch.log10(x_BLC.square().mean() / noise.square().mean())
    assert measured.item() == pytest.approx(snr, abs=0.2)


def test_scale_is_one_gain_per_window(x_BLC):
    gains = chain([Scale(low=0.5, high=2.0)])(x_BLC) / x_BLC
    assert torch.allclose(gains, gains[:, :1, :1].expand_as(gains), rtol=1e-4)
    assert 0.5 <= gains.min() < 0.8
    assert 1.5 < gains.max() <= 2.0001


def test_shift_is_circular_and_keeps_channels_together(x_BLC):
    shifted = chain([Shift(share=0.25)])(x_BLC)
    for before, after in zip(x_BLC, shifted, strict=True):
        matches = [s for s in range(-64, 65) if torch.equal(torch.roll(before, s, dims=0), after)]
        assert len(matches) == 1


def test_polarity_turns_the_whole_window(x_BLC):
    turned = chain([Polarity(probability=0.5)])(x_BLC)
    signs = (turned / x_BLC).flatten(1)
    assert ((signs == 1).all(dim=1) | (signs == -1).all(dim=1)).all()
    assert 0.2 < (signs[:, 0] == -1).float().mean() < 0.8
