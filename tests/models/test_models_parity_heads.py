"""Heads that do not classify alone, as recorded: forecasts, remaining life, anomalies, and several tasks at once."""

from __future__ import annotations

import pytest
import torch

from twostage.components import build
from twostage.config.model import DistanceHead, LinearHead, PerceptronHead
from twostage.config.model.task_heads import AnomalyHead, MultitaskTrunk, PredictionHead, RulHead
from twostage.config.stage_1 import Projection
from twostage.models.heads.multitask import MultitaskHead
from twostage.models.heads.projection import ProjectionHead
from twostage.models.network import Encoder, Network
from twostage.models.renaming import from_legacy, to_legacy

pytestmark = pytest.mark.realdata

CLASSES = {1: 4, 2: 3, 6: 5}
BACKBONES = ("B_01", "B_04", "B_06", "B_08", "B_09")


def assert_near(ours, theirs):
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 1e-5 + 1e-4 * theirs.abs().max()


def forecast(legacy):
    config = PredictionHead(hidden=legacy["hidden_dim"], activation=legacy["act"])
    sizes = {"dim": legacy["output_dim"], "patches": legacy["num_patches"]}
    return build(config, **sizes, length=legacy["max_len"], channels=legacy["max_out"])


def under(run, head):
    """The recorded encoder under our head, with every tensor of the record in its place."""
    network = Network(Encoder(run.config), head).eval()
    network.load_state_dict(from_legacy(run.state))
    back = to_legacy(network.state_dict())
    assert back.keys() == run.state.keys()
    assert all(torch.equal(back[name], run.state[name]) for name in back)
    return network


def tokens(run, network, call, *, file=None):
    rates, systems = run.files(call["args"]["file_id"] if file is None else file)
    return network.encode(run.windows, rates, run.starts(call["name"])), systems


@pytest.mark.parametrize("channels", ["C2", "C5"])
def test_forecast_alone(recorded, channels):
    run = recorded(f"m01__E_01_HSE__B_04__H_03__{channels}")
    network = under(run, forecast(run.about["config"]))
    for call in run.about["calls"]:
        expected = run.arrays[f"out/{call['name']}"]
        answer_BTC = network.head(tokens(run, network, call)[0])
        assert_near(answer_BTC[:, : expected.shape[1], : expected.shape[2]], expected)


@pytest.mark.parametrize(
    "name",
    [*(f"{backbone}__H_09_H0{head}" for backbone in BACKBONES for head in (1, 2)), "B_09__H_09_H01__C1"],
)
def test_classification_and_forecast(recorded, name):
    run = recorded(f"m01__E_01_HSE__{name}")
    kind = DistanceHead() if "H_09_H02" in name else LinearHead()
    heads = {
        "classification": build(kind, dim=16, classes=CLASSES),
        "signal_prediction": forecast(run.about["config"]),
    }
    network = under(run, MultitaskHead(heads))
    for call in run.about["calls"]:
        features_BPD, systems = tokens(run, network, call)
        answers = network.head(features_BPD, systems[:1].expand_as(systems))
        returned = f"out/{call['name']}"
        if call["args"].get("task_id") == "prediction":
            expected = run.arrays[returned]
            assert_near(answers["signal_prediction"][:, : expected.shape[1], : expected.shape[2]], expected)
        elif returned in run.arrays and not call["args"].get("return_feature"):
            expected = run.arrays[returned]
            assert_near(answers["classification"][:, : expected.shape[1]], expected)


COMPOSED = [f"B_08__H_09_H0{head}" for head in (1, 2)]


@pytest.mark.parametrize("name", ["B_04__H_03__C2", "B_04__H_03__C5", "B_09__H_09_H01__C1", *COMPOSED])
def test_initial_weights_of_forecasts_reproduce_by_seed(recorded, initial_checksums, assert_initial, name):
    """Alone, and after a classification. The multitask head drew its weights twice, in another order than ours."""
    run, expected = recorded(f"m01__E_01_HSE__{name}"), initial_checksums[f"m01__E_01_HSE__{name}"]
    torch.manual_seed(expected["seed"])
    encoder = Encoder(run.config)
    kind = DistanceHead() if "H_09_H02" in name else LinearHead()
    first = {} if "H_03" in name else {"classification": build(kind, dim=16, classes=CLASSES)}
    made = forecast(run.about["config"])
    head = MultitaskHead({**first, "signal_prediction": made}) if first else made
    assert torch.rand(1).item() == expected["next_torch_rand"]
    theirs = to_legacy(Network(encoder, head).state_dict())
    assert theirs.keys() == expected["tensors"].keys()
    assert_initial(theirs, expected["tensors"])


@pytest.mark.parametrize("backbone", BACKBONES)
def test_multitask_head(recorded, backbone):
    """One trunk for classification, anomalies and remaining life; the forecast beside it."""
    run = recorded(f"m01__E_01_HSE__{backbone}__MultiTaskHead")
    legacy = run.about["config"]
    hidden, activation = legacy["hidden_dim"], legacy["activation"]
    narrow = {"hidden": hidden // 2, "dropout": 0.0, "activation": activation}
    heads = {
        "classification": build(PerceptronHead(activation=activation), dim=hidden, classes=CLASSES),
        "anomaly_detection": build(AnomalyHead(layers=1, **narrow), dim=hidden),
        "rul_prediction": build(RulHead(scale=legacy["rul_max_value"], **narrow), dim=hidden),
        "signal_prediction": forecast(legacy),
    }
    trunk = build(MultitaskTrunk(hidden=hidden, batch_norm=legacy["use_batch_norm"], activation=activation), dim=16)
    network = under(run, MultitaskHead(heads, trunk))
    for call in run.about["calls"]:
        features_BPD, _ = tokens(run, network, call, file=101)
        for name, expected in expected_of(run, call["name"]).items():
            system = call["args"].get("system_id", 1)
            answer = network.head.answer(name, features_BPD, torch.full((3,), system))
            assert_near(cut(answer, expected), expected)
        if call["name"] == "shared_features":
            assert_near(network.head.trunk(features_BPD)[:, 0], run.arrays["out/shared_features"])


@pytest.mark.parametrize("backbone", BACKBONES[1:-1])
def test_one_head_for_each_task(recorded, backbone):
    """The layout of the autumn of 2025."""
    run = recorded(f"m01_era2025-09_multihead__E_01_HSE__{backbone}")
    legacy = run.about["config"]
    how = {"hidden": legacy["hidden_dim"], "activation": legacy["activation"]}
    heads = {
        "classification": build(LinearHead(), dim=16, classes=CLASSES),
        "anomaly_detection": build(AnomalyHead(batch_norm=legacy["use_batch_norm"], **how), dim=16),
        "rul_prediction": build(RulHead(scale=legacy["rul_max_value"], **how), dim=16),
        "signal_prediction": forecast(legacy),
    }
    network = under(run, MultitaskHead(heads))
    call = run.about["calls"][0]
    features_BPD, systems = tokens(run, network, call)
    answers = network.head(features_BPD, systems)
    for name, expected in expected_of(run, call["name"]).items():
        assert_near(cut(answers[name], expected), expected)


@pytest.mark.parametrize(
    ("name", "config", "prefix"),
    [
        ("head__H_05_RUL_pred", RulHead(hidden=8, scale=7.0, activation="gelu"), "rul_net"),
        ("head__H_06_Anomaly_det", AnomalyHead(hidden=8, batch_norm=True), "anomaly_net"),
    ],
)
def test_head_of_one_number(recorded, name, config, prefix):
    run = recorded(name)
    head = build(config, dim=16).eval()
    head.load_state_dict({key.replace(prefix, "perceptron"): tensor for key, tensor in run.state.items()})
    expected = run.arrays["out/out"]
    assert_near(head(run.arrays["in/feat"]).reshape(expected.shape), expected)


def test_projection(recorded):
    run = recorded("head__H_10_ProjectionHead")
    config = Projection(hidden=12, dim=8, activation="gelu", dropout=0.1, norm=True)
    head = ProjectionHead(config, dim=16).eval()
    head.load_state_dict({key.replace("projection", "perceptron"): tensor for key, tensor in run.state.items()})
    assert_near(head(run.arrays["in/feat"]), run.arrays["out/out"])


def expected_of(run, call):
    """Recorded answers by task: a call of one task, or of all."""
    tasks = ("classification", "anomaly_detection", "rul_prediction", "signal_prediction")
    several = {task: run.arrays[f"out/{call}/{task}"] for task in tasks if f"out/{call}/{task}" in run.arrays}
    return several or ({call: run.arrays[f"out/{call}"]} if call in tasks else {})


def cut(answer, expected):
    """Our answer in the recorded layout: forecasts were cut to the window, classes to those of the system."""
    if answer.dim() == 1:
        return answer.reshape(expected.shape)
    return answer[tuple(slice(size) for size in expected.shape)]
