"""Augmentations change what they say and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from twostage.config.augmentation import BandMask, Jitter, Noise, Polarity, Scale, Shift, Speed
from twostage.data.windowed import Batch
from twostage.objectives.augmentation import Spoiled, chain


@pytest.fixture
def x_BLC():
    torch.manual_seed(0)
    return torch.randn(64, 256, 2)


ALL = [Noise(), Jitter(), Scale(low=2.0, high=3.0), Shift(share=0.9), Polarity(), BandMask(share=0.5), Speed()]


@pytest.mark.parametrize("config", ALL, ids=repr)
def test_the_probability_is_used(config, x_BLC):
    never = chain([config.model_copy(update={"probability": 0.0})])(x_BLC)
    always = chain([config.model_copy(update={"probability": 1.0})])(x_BLC)
    assert torch.equal(never, x_BLC)
    changed = (always != x_BLC).flatten(1).any(dim=1)
    assert changed.float().mean() > 0.95


@pytest.mark.parametrize("config", ALL, ids=repr)
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


def test_jitter_has_the_written_deviation_whatever_the_signal():
    for gain in (0.0, 100.0):
        x_BLC = gain * torch.randn(4, 20_000, 1)
        added = chain([Jitter(std=0.2)])(x_BLC) - x_BLC
        assert added.std().item() == pytest.approx(0.2, rel=0.02)


def test_a_band_mask_takes_one_band_out_and_nothing_else(x_BLC):
    """Each frequency is as it was or gone; those that are gone lie side by side, and the mean stays."""
    masked = chain([BandMask(share=0.3)])(x_BLC)
    before, after = np.fft.rfft(x_BLC.double().numpy(), axis=1), np.fft.rfft(masked.double().numpy(), axis=1)
    gone = np.abs(after) < 1e-3 * np.abs(before)
    assert np.allclose(np.where(gone, 0, before), after, atol=1e-3)
    assert (gone == gone[:, :, :1]).all()
    for window in gone[:, :, 0]:
        places = np.flatnonzero(window)
        assert len(places) <= 0.3 * 128 + 1
        assert not len(places) or places[-1] - places[0] == len(places) - 1
    assert not gone[:, 0].any()
    assert 0.05 < gone.mean() < 0.25


@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.1, 1.7])
def test_speed_multiplies_the_frequency_of_a_tone(ratio):
    """Sine of 20 periods at another speed: a sine of 20 ratio periods, to a thousandth, until the window is used up."""
    angle = 2 * math.pi * 20 * torch.arange(512) / 512
    faster = chain([Speed(low=ratio, high=ratio)])(angle.sin().view(1, -1, 1)).flatten()
    there = int(512 / max(ratio, 1.0))
    assert torch.allclose(faster[:there], (ratio * angle).sin()[:there], atol=2e-3)


def test_speed_lifts_no_frequency_beyond_half_the_rate():
    """A tone at 0.4 of the rate, at 1.5 times the speed, would come back as another tone; it is gone."""
    tone = (2 * math.pi * 0.4 * torch.arange(500)).sin().view(1, -1, 1)
    assert chain([Speed(low=1.5, high=1.5)])(tone).abs().max() < 0.01


def test_speed_draws_one_ratio_for_all_channels_of_a_window():
    x_BLC = torch.randn(8, 128, 1).expand(-1, -1, 2)
    faster = chain([Speed(low=0.8, high=1.25)])(x_BLC)
    assert torch.equal(faster[..., 0], faster[..., 1])


@pytest.mark.parametrize(("ratios", "told"), [((1.1, 0.9), "low must not exceed high"), ((1.0, 1.0), "are both 1")])
def test_speeds_that_cannot_be_are_refused(ratios, told):
    with pytest.raises(ValidationError, match=told):
        Speed(low=ratios[0], high=ratios[1])


def windows(x_BLC):
    return Batch(x_BLC, *(torch.zeros(len(x_BLC), dtype=torch.int64) for _ in range(4)))


def test_what_corrupts_is_seen_alone_and_what_stays_is_in_both_with_the_same_draws(x_BLC):
    target, seen = Spoiled([Jitter(std=0.1), Shift(share=0.9), Scale(low=2.0, high=8.0)])(windows(x_BLC), "train")
    noise_BLC = seen.x_BLC - target.x_BLC
    gain_B = target.x_BLC.square().mean(dim=(1, 2)).sqrt() / x_BLC.square().mean(dim=(1, 2)).sqrt()
    assert gain_B.max() / gain_B.min() > 2
    torch.testing.assert_close(noise_BLC.std(dim=(1, 2)) / gain_B, torch.full_like(gain_B, 0.1), rtol=0.15, atol=0)
    shifted_BLC = target.x_BLC / gain_B[:, None, None]
    assert torch.allclose(shifted_BLC.sort(dim=1).values, x_BLC.sort(dim=1).values, atol=1e-4)
    assert not torch.allclose(shifted_BLC, x_BLC)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_only_training_windows_are_changed(x_BLC, part):
    batch = windows(x_BLC)
    assert Spoiled([Jitter(), Polarity(probability=1.0)])(batch, part) == (batch, batch)
