"""Heads of several tasks: shapes, orders and sizes, against plain loops."""

from __future__ import annotations

import math

import pytest
import torch

from twostage.components import build
from twostage.config import model as configs
from twostage.config.model import task_heads as heads
from twostage.models.heads.linear import LinearHead
from twostage.models.heads.multitask import MultitaskHead
from twostage.models.heads.prediction import ForecastPerceptron, PredictionHead
from twostage.models.heads.scalar import ScalarHead
from twostage.models.heads.trunk import MultitaskTrunk


def gelu(value):
    return value * 0.5 * (1 + math.erf(value / math.sqrt(2)))


def layer(linear, values):
    rows = zip(linear.weight.tolist(), linear.bias.tolist(), strict=True)
    return [sum(w * v for w, v in zip(weights, values, strict=True)) + bias for weights, bias in rows]


def test_a_number_for_each_window_from_its_mean_token():
    head = ScalarHead(heads.ScalarPerceptron(), dim=4).double()
    tokens_BPD = torch.randn(3, 5, 4, dtype=torch.float64)
    answer_B = head(tokens_BPD)
    assert answer_B.shape == (3,)
    first, _, last = head.perceptron
    for answer, tokens_PD in zip(answer_B.tolist(), tokens_BPD, strict=True):
        mean = [sum(column) / 5 for column in zip(*tokens_PD.tolist(), strict=True)]
        assert answer == pytest.approx(layer(last, [gelu(value) for value in layer(first, mean)])[0])


def test_a_forecast_is_laid_out_as_samples_and_channels():
    head = ForecastPerceptron(heads.ForecastPerceptron(), dim=2, patches=3, length=4, channels=2).double()
    tokens_BPD = torch.randn(2, 3, 2, dtype=torch.float64)
    forecast_BTC = head(tokens_BPD)
    _, first, _, last = head.perceptron
    for forecast_TC, tokens_PD in zip(forecast_BTC, tokens_BPD, strict=True):
        values = [value for token in tokens_PD.tolist() for value in token]
        flat = layer(last, [gelu(value) for value in layer(first, values)])
        expected = [[flat[2 * sample + channel] for channel in range(2)] for sample in range(4)]
        torch.testing.assert_close(forecast_TC, torch.tensor(expected, dtype=torch.float64))


def test_a_long_forecast_from_wide_tokens_stays_small():
    """The legacy head had 3.2 billion weights at these sizes."""
    head = ForecastPerceptron(heads.ForecastPerceptron(), dim=512, patches=64, length=4096, channels=3)
    weights = sum(parameter.numel() for parameter in head.parameters())
    assert weights == 64 * (512 * 64 + 4096 * 3) + 64 + 4096 * 3
    assert weights < 3_000_000


def test_each_window_is_answered_by_its_own_system_where_the_head_asks():
    linear = LinearHead(configs.LinearHead(), dim=4, classes={1: 3, 2: 2})
    rul = ScalarHead(heads.ScalarPerceptron(), dim=4)
    head = MultitaskHead({"classification": linear, "rul_prediction": rul})
    tokens_BPD, system_B = torch.randn(3, 5, 4), torch.tensor([2, 1, 2])
    answers = head(tokens_BPD, system_B)
    torch.testing.assert_close(answers["classification"], linear(tokens_BPD, system_B))
    torch.testing.assert_close(answers["rul_prediction"], rul(tokens_BPD))
    assert {name.split(".")[1] for name in head.state_dict()} == {"classification", "rul_prediction"}


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        (heads.RulHead(), {"hidden": 6, "layers": 1, "dropout": 0.5, "activation": "tanh", "scale": 3.0}),
        (heads.AnomalyHead(), {"hidden": 6, "layers": 1, "dropout": 0.5, "activation": "elu", "batch_norm": True}),
        (heads.MultitaskTrunk(hidden=8), {"hidden": 6, "batch_norm": False, "activation": "leaky_relu"}),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_every_key_of_a_head_has_an_effect(base, changes):
    assert set(changes) == set(type(base).model_fields) - {"kind"}

    def answer(config):
        torch.manual_seed(0)
        head = build(config, dim=8).train()
        return head(torch.randn(6, 3, 8))

    for key, value in changes.items():
        before, after = answer(base), answer(base.model_copy(update={key: value}))
        assert before.shape != after.shape or not torch.equal(before, after), key


def test_heads_share_a_trunk_but_a_forecast_sees_the_tokens():
    trunk = MultitaskTrunk(heads.MultitaskTrunk(hidden=6, batch_norm=False), dim=4)
    life = ScalarHead(heads.ScalarPerceptron(), dim=6)
    forecast = ForecastPerceptron(heads.ForecastPerceptron(hidden=5), dim=4, patches=3, length=2, channels=1)
    head = MultitaskHead({"rul_prediction": life, "signal_prediction": forecast}, trunk)
    tokens_BPD, system_B = torch.randn(2, 3, 4), torch.tensor([1, 1])
    answers = head(tokens_BPD, system_B)
    torch.testing.assert_close(answers["rul_prediction"], life(trunk(tokens_BPD)))
    torch.testing.assert_close(answers["signal_prediction"], forecast(tokens_BPD))


def test_everything_beside_a_trunk_starts_from_xavier_weights():
    """As the legacy multitask head initialised itself, its forecast included."""
    forecast = PredictionHead(heads.PredictionHead(hidden=32), dim=64, patches=40, length=4, channels=1)
    classifier = LinearHead(configs.LinearHead(), dim=48, classes={1: 30})
    head = MultitaskHead(
        {"classification": classifier, "signal_prediction": forecast},
        MultitaskTrunk(heads.MultitaskTrunk(hidden=48), dim=64),
    )
    linear = [module for module in head.modules() if isinstance(module, torch.nn.Linear)]
    assert len(linear) == 5
    for each in linear:
        bound = math.sqrt(6 / sum(each.weight.shape))
        assert 0.95 * bound < each.weight.abs().max() <= bound
        assert not each.bias.any()
    assert forecast.weight.std().item() == pytest.approx(1.0, rel=0.1)
