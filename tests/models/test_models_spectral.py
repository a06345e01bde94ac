"""TimesNet and FNO against slow readings of their definitions, in float64."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twostage.config import model as configs
from twostage.models.backbones.fno import FNO
from twostage.models.backbones.timesnet import TimesNet

erf = np.vectorize(math.erf)


def gelu(x):
    return x * (1 + erf(x / math.sqrt(2))) / 2


def arrays(module):
    return {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}


def doubled(module, seed):
    """Every weight away from its initial value, so that none can be ignored unseen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.rand(parameter.shape, generator=generator), alpha=0.1)
    return module.double()


def tokens(seed, *shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def slow_spectrum(tokens_PD):
    """Frequency by frequency: complex (P // 2 + 1, D)."""
    patches = len(tokens_PD)
    place = np.arange(patches)
    return np.stack([np.exp(-2j * math.pi * f * place / patches) @ tokens_PD for f in range(patches // 2 + 1)])


def slow_convolution(grid_rcD, weight, bias):
    """Position by position; what is beyond the grid counts as zero."""
    rows, columns, _ = grid_rcD.shape
    half = weight.shape[-1] // 2
    answer = np.tile(bias, (rows, columns, 1))
    for r in range(rows):
        for c in range(columns):
            for i in range(max(0, r - half), min(rows, r + half + 1)):
                for j in range(max(0, c - half), min(columns, c + half + 1)):
                    answer[r, c] += weight[:, :, i - r + half, j - c + half] @ grid_rcD[i, j]
    return answer


def slow_average(grid_rcD, w, at, kernels):
    each = [slow_convolution(grid_rcD, w[f"{at}.{k}.weight"], w[f"{at}.{k}.bias"]) for k in range(kernels)]
    return sum(each) / kernels


def slow_block(batch_BPD, w, at, config):
    """The legacy order of things: choose, then fold by each chosen period alone."""
    patches, dim = batch_BPD.shape[1:]
    strength_BF = np.stack([np.abs(slow_spectrum(tokens_PD)).mean(axis=1) for tokens_PD in batch_BPD])
    answer_BPD = batch_BPD.copy()
    for b, tokens_PD in enumerate(batch_BPD):
        rank_F = (strength_BF.mean(axis=0) if config.period_choice == "per_batch" else strength_BF[b]).copy()
        rank_F[0] = 0
        chosen = np.argsort(-rank_F)[: config.periods]
        shares = np.exp(strength_BF[b, chosen]) / np.exp(strength_BF[b, chosen]).sum()
        for frequency, share in zip(chosen, shares, strict=True):
            period = patches // frequency
            rows = math.ceil(patches / period)
            grid_rcD = np.zeros((rows * period, dim))
            grid_rcD[:patches] = tokens_PD
            hidden = gelu(slow_average(grid_rcD.reshape(rows, period, dim), w, f"{at}.widen.kernels", config.kernels))
            out = slow_average(hidden, w, f"{at}.narrow.kernels", config.kernels)
            answer_BPD[b] += share * out.reshape(-1, dim)[:patches]
    return answer_BPD


@given(
    st.builds(
        configs.TimesNet,
        layers=st.integers(1, 2),
        feedforward=st.integers(1, 3),
        kernels=st.integers(1, 3),
        periods=st.integers(1, 4),
        period_choice=st.sampled_from(["per_sample", "per_batch"]),
    ),
    st.integers(2, 13),
    st.integers(1, 3),
    st.integers(0, 1000),
)
@settings(max_examples=20)
def test_timesnet_equals_plain_loops(config, patches, dim, seed):
    assume(config.misfit(dim=dim, patches=patches) is None)
    backbone = doubled(TimesNet(config, dim=dim, patches=patches), seed)
    tokens_BPD = tokens(seed, 2, patches, dim)
    expected = tokens_BPD.numpy()
    for i in range(config.layers):
        expected = slow_block(expected, arrays(backbone), f"blocks.{i}", config)
    np.testing.assert_allclose(backbone(tokens_BPD).detach().numpy(), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("choice", ["per_sample", "per_batch"])
def test_only_periods_of_the_batch_look_beyond_the_window(choice):
    config = configs.TimesNet(layers=1, feedforward=2, kernels=2, periods=1, period_choice=choice)
    backbone = doubled(TimesNet(config, dim=1, patches=24), 0)
    place_P = torch.arange(24, dtype=torch.float64)
    waves = torch.stack([torch.sin(2 * math.pi * place_P * f / 24) for f in (3, 8)])[..., None]
    weak, strong = waves[:1], 9 * waves[1:]
    beside_itself = backbone(torch.cat([weak, weak]))[:1]
    beside_another = backbone(torch.cat([weak, strong]))[:1]
    assert torch.allclose(beside_itself, backbone(weak))
    assert torch.allclose(beside_another, beside_itself) == (choice == "per_sample")


def test_timesnet_starts_as_written():
    torch.manual_seed(0)
    backbone = TimesNet(configs.TimesNet(layers=1, feedforward=32), dim=16, patches=20)
    for part, outputs in ((backbone.blocks[0].widen, 32), (backbone.blocks[0].narrow, 16)):
        assert [kernel.weight.shape[-1] for kernel in part.kernels] == [1, 3, 5, 7, 9, 11]
        for kernel in part.kernels:
            size = kernel.weight.shape[-1]
            assert kernel.weight.std().item() == pytest.approx(math.sqrt(2 / (outputs * size**2)), rel=0.12)
            assert (kernel.bias == 0).all()


def test_timesnet_survives_tokens_that_are_all_alike():
    backbone = TimesNet(configs.TimesNet(layers=2, feedforward=4, periods=3), dim=4, patches=12)
    tokens_BPD = torch.ones(2, 12, 4, requires_grad=True)
    backbone(tokens_BPD).sum().backward()
    assert tokens_BPD.grad.isfinite().all()


def slow_fourier_layer(tokens_Pw, w, at, modes):
    patches = len(tokens_Pw)
    spectrum, matrix = slow_spectrum(tokens_Pw), w[f"{at}.spectrum"]
    mixed_Pv = np.zeros_like(tokens_Pw)
    for f in range(modes):
        kept = spectrum[f] @ (matrix[f, :, 0] + 1j * matrix[f, :, 1])
        # A real signal has every frequency twice, but for the mean and the highest of an even length.
        twice = 1 if f == 0 or 2 * f == patches else 2
        for p in range(patches):
            mixed_Pv[p] += twice * (kept * np.exp(2j * math.pi * f * p / patches)).real / patches
    return gelu(mixed_Pv + tokens_Pw @ w[f"{at}.local.weight"].T + w[f"{at}.local.bias"])


@given(
    st.builds(configs.FNO, layers=st.integers(1, 3), modes=st.integers(1, 5), width=st.integers(1, 4)),
    st.integers(1, 9),
    st.integers(1, 3),
    st.integers(0, 1000),
)
@settings(max_examples=30)
def test_fno_equals_plain_loops(config, patches, dim, seed):
    assume(config.misfit(dim=dim, patches=patches) is None)
    backbone = doubled(FNO(config, dim=dim, patches=patches), seed)
    w, tokens_BPD = arrays(backbone), tokens(seed, 2, patches, dim)
    for tokens_PD, mixed_PD in zip(tokens_BPD.numpy(), backbone(tokens_BPD).detach().numpy(), strict=True):
        expected = tokens_PD @ w["lift.weight"].T + w["lift.bias"]
        for i in range(config.layers):
            expected = slow_fourier_layer(expected, w, f"blocks.{i}", config.modes)
        expected = expected @ w["lower.weight"].T + w["lower.bias"]
        np.testing.assert_allclose(mixed_PD, expected, rtol=1e-9, atol=1e-9)


def test_fno_starts_as_written():
    torch.manual_seed(0)
    spectrum = FNO(configs.FNO(layers=1, width=20, modes=7), dim=4, patches=16).blocks[0].spectrum * 20**2
    assert 0 <= spectrum.min() < 0.01
    assert 0.99 < spectrum.max() <= 1
    assert spectrum.mean().item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("backbone", "patches", "text"),
    [
        (
            configs.TimesNet(periods=5),
            9,
            (
                "backbone.periods is 5, but a sequence of 9 tokens (embedding.patches) has 4 periods; "
                "make patches at least 10, or periods smaller"
            ),
        ),
        (
            configs.FNO(modes=16),
            29,
            (
                "backbone.modes is 16, but a sequence of 29 tokens (embedding.patches) has 15 frequencies; "
                "make patches at least 30, or modes smaller"
            ),
        ),
    ],
    ids=["timesnet", "fno"],
)
def test_sequences_that_are_too_short_are_refused(backbone, patches, text):
    with pytest.raises(ValidationError, match=re.escape(text)):
        configs.ModelConfig(embedding=configs.HSE(patches=patches), backbone=backbone)
    configs.ModelConfig(embedding=configs.HSE(patches=patches + 1), backbone=backbone)
