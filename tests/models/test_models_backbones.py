"""The backbones against slow readings of their definitions, in float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twostage.config import model as configs
from twostage.config.model import DLinear as DLinearConfig
from twostage.config.model import ModelConfig
from twostage.config.model import PatchTST as PatchTSTConfig
from twostage.config.model import Transformer as TransformerConfig
from twostage.models.backbones.dlinear import DLinear
from twostage.models.backbones.patchtst import PatchTST
from twostage.models.backbones.timesnet import TimesNet
from twostage.models.backbones.transformer import Transformer

erf = np.vectorize(math.erf)


def shaken(module, seed):
    """Every weight and running statistic away from its initial value, so that none can be ignored unseen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in [*module.parameters(), *(b for b in module.buffers() if b.is_floating_point())]:
            tensor.add_(torch.rand(tensor.shape, generator=generator), alpha=0.1)
    return module.double()


def arrays(module):
    return {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}


def slow_dlinear(tokens_PD, weights, window):
    patches, dim = tokens_PD.shape
    trend_PD = np.zeros_like(tokens_PD)
    for p in range(patches):
        for offset in range(-(window // 2), window // 2 + 1):
            trend_PD[p] += tokens_PD[min(max(p + offset, 0), patches - 1)] / window
    mixed_PD = np.empty_like(tokens_PD)
    for d in range(dim):
        seasonal = weights["seasonal.weight"] @ (tokens_PD - trend_PD)[:, d] + weights["seasonal.bias"]
        mixed_PD[:, d] = seasonal + weights["trend.weight"] @ trend_PD[:, d] + weights["trend.bias"]
    return mixed_PD / (1 + np.exp(-mixed_PD))


@given(st.integers(1, 12), st.integers(1, 5), st.integers(1, 10), st.integers(0, 1000))
@settings(max_examples=30)
def test_dlinear_equals_plain_loops(patches, dim, half, seed):
    config = DLinearConfig(window=2 * half + 1)
    backbone = shaken(DLinear(config, dim=dim, patches=patches), seed)
    tokens_BPD = torch.randn(2, patches, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    for tokens_PD, mixed_PD in zip(tokens_BPD.numpy(), backbone(tokens_BPD).detach().numpy(), strict=True):
        np.testing.assert_allclose(mixed_PD, slow_dlinear(tokens_PD, arrays(backbone), config.window), atol=1e-12)


def test_dlinear_starts_from_an_average_over_tokens():
    backbone = DLinear(DLinearConfig(), dim=3, patches=8)
    assert (backbone.seasonal.weight == 1 / 8).all()
    assert (backbone.trend.weight == 1 / 8).all()
    assert backbone.trend.bias.abs().max() <= 1 / math.sqrt(8)


def slow_norm(row, weight, bias):
    return (row - row.mean()) / np.sqrt(row.var() + 1e-5) * weight + bias


def slow_attention(tokens_PD, w, at, heads):
    """One head and one query at a time."""
    patches, dim = tokens_PD.shape
    size = dim // heads
    stacked = tokens_PD @ w[f"{at}.self_attn.in_proj_weight"].T + w[f"{at}.self_attn.in_proj_bias"]
    query, key, value = np.split(stacked, 3, axis=1)
    mixed_PD = np.empty_like(tokens_PD)
    for h in range(heads):
        own = slice(h * size, (h + 1) * size)
        for p in range(patches):
            scores = np.exp(np.array([query[p, own] @ key[q, own] for q in range(patches)]) / math.sqrt(size))
            mixed_PD[p, own] = sum(s * value[q, own] for q, s in enumerate(scores / scores.sum()))
    return mixed_PD @ w[f"{at}.self_attn.out_proj.weight"].T + w[f"{at}.self_attn.out_proj.bias"]


def slow_layer(tokens_PD, w, at, config):
    tokens_PD = tokens_PD + slow_attention(tokens_PD, w, at, config.heads)
    tokens_PD = np.stack([slow_norm(row, w[f"{at}.norm1.weight"], w[f"{at}.norm1.bias"]) for row in tokens_PD])
    hidden = tokens_PD @ w[f"{at}.linear1.weight"].T + w[f"{at}.linear1.bias"]
    hidden = np.maximum(hidden, 0) if config.activation == "relu" else hidden * (1 + erf(hidden / math.sqrt(2))) / 2
    tokens_PD = tokens_PD + hidden @ w[f"{at}.linear2.weight"].T + w[f"{at}.linear2.bias"]
    return np.stack([slow_norm(row, w[f"{at}.norm2.weight"], w[f"{at}.norm2.bias"]) for row in tokens_PD])


@given(
    st.builds(
        PatchTSTConfig,
        layers=st.integers(1, 2),
        heads=st.integers(1, 3),
        feedforward=st.integers(1, 6),
        activation=st.sampled_from(["gelu", "relu"]),
    ),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(0, 1000),
)
@settings(max_examples=25)
def test_patchtst_equals_plain_loops(config, features, patches, seed):
    dim = features * config.heads
    backbone = shaken(PatchTST(config, dim=dim, patches=patches), seed).eval()
    tokens_BPD = torch.randn(2, patches, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    w = arrays(backbone)
    for tokens_PD, mixed_PD in zip(tokens_BPD.numpy(), backbone(tokens_BPD).detach().numpy(), strict=True):
        expected = tokens_PD
        for i in range(config.layers):
            expected = slow_layer(expected, w, f"layers.{i}", config)
        scale = w["norm.weight"] / np.sqrt(w["norm.running_var"] + 1e-5)
        np.testing.assert_allclose(
            mixed_PD, (expected - w["norm.running_mean"]) * scale + w["norm.bias"], rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("seed", range(3))
def test_patchtst_layers_start_apart_and_within_the_default_bounds(seed):
    """Every linear map is uniform within 1/sqrt(inputs), also query, key and value on their own."""
    torch.manual_seed(seed)
    backbone = PatchTST(PatchTSTConfig(layers=2, heads=4, feedforward=128), dim=64, patches=4)
    first, second = backbone.layers
    assert not torch.equal(first.linear1.weight, second.linear1.weight)
    linears = [first.linear1, first.linear2, first.self_attn.out_proj]
    parts = [(linear.weight, linear.bias) for linear in linears]
    parts += zip(first.self_attn.in_proj_weight.chunk(3), first.self_attn.in_proj_bias.chunk(3), strict=True)
    for weight, bias in parts:
        bound = 1 / math.sqrt(weight.shape[1])
        for values, close in ((weight, 0.02), (bias, 0.3)):
            assert values.abs().max() <= bound
            assert values.std().item() == pytest.approx(bound / math.sqrt(3), rel=close)


@given(
    st.builds(
        TransformerConfig,
        layers=st.integers(1, 2),
        heads=st.integers(1, 3),
        feedforward=st.integers(1, 6),
        activation=st.sampled_from(["gelu", "relu"]),
    ),
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(0, 1000),
)
@settings(max_examples=25)
def test_transformer_equals_plain_loops(config, features, patches, seed):
    dim = features * config.heads
    backbone = shaken(Transformer(config, dim=dim, patches=patches), seed).eval()
    tokens_BPD = torch.randn(2, patches, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    for tokens_PD, mixed_PD in zip(tokens_BPD.numpy(), backbone(tokens_BPD).detach().numpy(), strict=True):
        expected = tokens_PD
        for i in range(config.layers):
            expected = slow_layer(expected, arrays(backbone), f"encoder_layers.{i}", config)
        np.testing.assert_allclose(mixed_PD, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("identical", [True, False])
def test_transformer_layers_start_as_written(identical):
    """Alike as in torch's own stack, or each with a draw of its own; never one layer twice."""
    torch.manual_seed(3)
    ours = Transformer(TransformerConfig(layers=3, feedforward=8, identical_start=identical), dim=8, patches=4)
    torch.manual_seed(3)
    layer = torch.nn.TransformerEncoderLayer(8, 4, 8, batch_first=True)
    stack = torch.nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
    for mine, theirs in zip(ours.encoder_layers, stack.layers, strict=True):
        same = torch.equal(mine.linear1.weight, theirs.linear1.weight)
        assert same == (identical or mine is ours.encoder_layers[0])
    assert len({parameter.data_ptr() for parameter in ours.parameters()}) == len(list(ours.parameters()))


def test_dropout_of_the_transformer_is_the_written_one():
    backbone = Transformer(TransformerConfig(dropout=0.0, feedforward=8), dim=8, patches=4)
    tokens_BPD = torch.randn(2, 4, 8)
    torch.testing.assert_close(backbone.train()(tokens_BPD), backbone.eval()(tokens_BPD))


def test_patchtst_shuffled_tokens_give_shuffled_answers():
    backbone = PatchTST(PatchTSTConfig(), dim=64, patches=7).eval()
    tokens_BPD, order = torch.randn(2, 7, 64), torch.randperm(7)
    torch.testing.assert_close(backbone(tokens_BPD)[:, order], backbone(tokens_BPD[:, order]))


@pytest.mark.parametrize("kind", [PatchTSTConfig, TransformerConfig, configs.VIBT])
@pytest.mark.parametrize(("dim", "heads", "near"), [(66, 4, "64 or 68"), (3, 4, "4")])
def test_both_keys_are_named_when_heads_do_not_divide(kind, dim, heads, near):
    text = (
        f"embedding.dim is {dim} and backbone.heads is {heads}, but every head needs the same number of "
        f"features; make dim a multiple of heads, such as {near}"
    )
    with pytest.raises(ValidationError, match=text):
        ModelConfig(embedding=configs.HSE(dim=dim), backbone=kind(heads=heads))


@pytest.mark.parametrize(("layers", "feedforward", "kernels"), [(1, 4, 1), (2, 3, 4)])
def test_timesnet_tells_its_weights_without_being_built(layers, feedforward, kernels):
    config = configs.TimesNet(layers=layers, feedforward=feedforward, kernels=kernels, periods=2)
    network = TimesNet(config, dim=5, patches=8)
    assert config.parameters(5) == sum(each.numel() for each in network.parameters())
