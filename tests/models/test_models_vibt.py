"""The conditioned transformer against plain loops, in float64."""

from __future__ import annotations

import math

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from twostage.config import model as configs
from twostage.models.backbones.vibt import VIBT, RMSNorm


def rms(vector, gain):
    return vector / np.sqrt((vector**2).mean()) * gain


def slow_attention(tokens_PD, w, at, heads):
    patches, dim = tokens_PD.shape
    size = dim // heads
    stacked = tokens_PD @ w[f"{at}.query_key_value.weight"].T + w[f"{at}.query_key_value.bias"]
    query, key, value = np.split(stacked, 3, axis=1)
    mixed_PD = np.empty_like(tokens_PD)
    for h in range(heads):
        own = slice(h * size, (h + 1) * size)
        keys = [rms(row, w[f"{at}.key_norm.gain"]) for row in key[:, own]]
        for p in range(patches):
            asked = rms(query[p, own], w[f"{at}.query_norm.gain"])
            scores = np.exp([asked @ each / math.sqrt(size) for each in keys])
            mixed_PD[p, own] = scores @ value[:, own] / scores.sum()
    return mixed_PD @ w[f"{at}.out.weight"].T + w[f"{at}.out.bias"]


def slow_perceptron(tokens_PD, w, at):
    hidden = tokens_PD @ w[f"{at}.0.weight"].T + w[f"{at}.0.bias"]
    hidden = hidden / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden**3)))
    return hidden @ w[f"{at}.2.weight"].T + w[f"{at}.2.bias"]


def slow_block(tokens_PD, w, at, heads):
    mean_D = tokens_PD.mean(axis=0)
    told = w[f"{at}.modulation.weight"] @ (mean_D / (1 + np.exp(-mean_D))) + w[f"{at}.modulation.bias"]
    shift1, scale1, gate1, shift2, scale2, gate2 = np.split(told, 6)
    normed = np.stack([rms(row, w[f"{at}.norm1.gain"]) * (1 + scale1) + shift1 for row in tokens_PD])
    tokens_PD = tokens_PD + gate1 * slow_attention(normed, w, f"{at}.attention", heads)
    normed = np.stack([rms(row, w[f"{at}.norm2.gain"]) * (1 + scale2) + shift2 for row in tokens_PD])
    return tokens_PD + gate2 * slow_perceptron(normed, w, f"{at}.perceptron")


@given(
    st.builds(configs.VIBT, layers=st.integers(1, 2), heads=st.integers(1, 3), mlp_ratio=st.integers(1, 3)),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(0, 1000),
)
@settings(max_examples=25)
def test_vibt_equals_plain_loops(config, features, patches, seed):
    dim, generator = features * config.heads, torch.Generator().manual_seed(seed)
    backbone = VIBT(config, dim=dim, patches=patches).double()
    with torch.no_grad():
        for parameter in backbone.parameters():
            parameter.add_(torch.rand(parameter.shape, generator=generator, dtype=torch.float64), alpha=0.1)
    w = {name: tensor.detach().numpy() for name, tensor in backbone.state_dict().items()}
    tokens_BPD = torch.randn(2, patches, dim, dtype=torch.float64, generator=generator)
    for tokens_PD, mixed_PD in zip(tokens_BPD.numpy(), backbone(tokens_BPD).detach().numpy(), strict=True):
        expected = tokens_PD
        for i in range(config.layers):
            expected = slow_block(expected, w, f"blocks.{i}", config.heads)
        np.testing.assert_allclose(mixed_PD, expected, rtol=1e-8, atol=1e-8)


def test_rms_norm_of_nothing_is_nothing_with_a_gradient():
    x = torch.zeros(2, 5, requires_grad=True)
    normed = RMSNorm()(x)
    normed.sum().backward()
    assert (normed == 0).all()
    assert x.grad.isfinite().all()


def test_vibt_starts_with_open_gates():
    backbone = VIBT(configs.VIBT(layers=1), dim=64, patches=3)
    bound = 1 / math.sqrt(64)
    for values in backbone.blocks[0].modulation.parameters():
        assert 0.9 * bound < values.abs().max() <= bound
