"""Every kind of network is written in every format, and the file answers other windows as the network does."""

from __future__ import annotations

import json

import onnx
import onnxruntime
import pytest
import torch
from safetensors import safe_open
from test_models_networks import SMALL
from test_models_prompts import TRACED
from torch import nn

from twostage.config import model as configs
from twostage.config.model import task_heads
from twostage.engine.export.export import write_checked
from twostage.engine.export.trained import Exported, Trained
from twostage.errors import OutputError
from twostage.models.heads.anomaly import AnomalyHead
from twostage.models.heads.distance import DistanceHead
from twostage.models.heads.linear import LinearHead
from twostage.models.heads.multitask import MultitaskHead
from twostage.models.heads.prediction import PredictionHead
from twostage.models.heads.rul import RulHead
from twostage.models.heads.trunk import MultitaskTrunk
from twostage.models.network import Encoder, Network

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.load` is deprecated")
CLASSES = {1: 4, 2: 3, 6: 5}
CUT = {"patch_length": 8, "patches": 6, "dim": 16}
MIXER = configs.DLinear(window=5)
OUTER = configs.ISFMPrompt(prompt=configs.RigPrompt(dim=8, max_systems=7, max_domains=4))
MODELS = {
    **{kind: configs.ModelConfig(network=network) for kind, network in SMALL.items()},
    **{e.kind: configs.ModelConfig(embedding=e, backbone=MIXER) for e in TRACED},
    "isfm_prompt": configs.ModelConfig(network=OUTER, embedding=configs.HSE(**CUT), backbone=MIXER),
}
CONTRACT = {"window_length": 64, "normalize": "standardize"}


def recorded(module, count, seed=1):
    """Windows, and what the network asks of them, as a run hands them over."""
    generator = torch.Generator().manual_seed(seed)
    known = {
        "x_BLC": torch.randn(count, 64, 2, generator=generator),
        "sample_rate_B": torch.tensor([12000.0, 25600.0] * count)[:count],
        "system_B": torch.tensor([1, 2, 6] * count)[:count],
        "domain_B": torch.tensor([0, 3] * count)[:count],
    }
    return tuple(known[name] for name in module.names)


def as_trained(network, names=("logits",)):
    module = Exported(network.eval(), "model").eval()
    return Trained(module, recorded(module, 4), dict.fromkeys(names, torch.empty(0)), CONTRACT)


def classifier(config):
    torch.manual_seed(0)
    return Network(Encoder(config), LinearHead(configs.LinearHead(), dim=config.dim, classes=CLASSES))


def several_tasks():
    torch.manual_seed(0)
    encoder = Encoder(configs.ModelConfig(embedding=configs.HSE(**CUT), backbone=MIXER))
    heads = {
        "classification": DistanceHead(configs.DistanceHead(heads=2), dim=8, classes=CLASSES),
        "rul_prediction": RulHead(task_heads.RulHead(), dim=8),
        "anomaly_detection": AnomalyHead(task_heads.AnomalyHead(batch_norm=True), dim=8),
        "signal_prediction": PredictionHead(
            task_heads.PredictionHead(hidden=4), dim=16, patches=6, length=5, channels=2
        ),
    }
    trunk = MultitaskTrunk(task_heads.MultitaskTrunk(hidden=8), dim=16)
    return as_trained(Network(encoder, MultitaskHead(heads, trunk)), tuple(heads))


def answers(file, form, model, inputs):
    """What the file says of windows that nobody had when it was written."""
    if form == "torchscript":
        given = torch.jit.load(file)(*inputs)
        return given if isinstance(given, tuple) else (given,)
    session = onnxruntime.InferenceSession(file)
    asked = dict(zip(model.input_names, inputs, strict=True))
    feed = {each.name: asked[each.name].numpy() for each in session.get_inputs()}
    return [torch.from_numpy(each) for each in session.run(list(model.outputs), feed)]


def contract_of(file, form):
    if form == "torchscript":
        extra = {"contract.json": ""}
        torch.jit.load(file, _extra_files=extra)
        return json.loads(extra["contract.json"])
    if form == "onnx":
        (prop,) = [each for each in onnx.load(file).metadata_props if each.key == "contract"]
        return json.loads(prop.value)
    with safe_open(file, "pt") as opened:
        return json.loads(opened.metadata()["contract"])


def assert_written(model, form, tmp_path):
    file = tmp_path / f"model.{form}"
    write_checked(model, file, form)
    assert contract_of(file, form) == CONTRACT
    if form == "safetensors":
        return  # ``write_checked`` has loaded it into a network of zeros
    for count in (1, 5):
        inputs = recorded(model.module, count, seed=count)
        with torch.no_grad():
            expected = model.module(*inputs)
        expected = expected if isinstance(expected, tuple) else (expected,)
        for ours, theirs in zip(expected, answers(file, form, model, inputs), strict=True):
            torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5, equal_nan=True)


@pytest.fixture(params=["safetensors", "torchscript", pytest.param("onnx", marks=pytest.mark.long)])
def form(request):
    """The formats; the exporter to ONNX takes its ten seconds."""
    return request.param


@pytest.mark.parametrize("kind", MODELS)
def test_every_network_and_embedding(kind, form, tmp_path):
    assert_written(as_trained(classifier(MODELS[kind])), form, tmp_path)


def test_every_backbone(small_network, form, tmp_path):
    assert_written(as_trained(small_network), form, tmp_path)


def test_heads_of_several_tasks(form, tmp_path):
    assert_written(several_tasks(), form, tmp_path)


class Moody(nn.Module):
    """A head that answers a lonely window in another way, and one whose tokens are large."""

    def forward(self, tokens_BPD):
        sum_BD = tokens_BPD.sum(dim=1)
        return sum_BD if len(sum_BD) > 1 and sum_BD.sum() < 1e6 else -2 * sum_BD


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("torchscript", r"answers differently: answer of 1 recorded window.*; write safetensors or onnx"),
        pytest.param(
            "onnx", r"no counterpart in ONNX \(.*\); write torchscript or safetensors", marks=pytest.mark.long
        ),
    ],
)
def test_a_file_that_answers_differently_is_not_written(tmp_path, form, told):
    """A trace keeps the way of the windows that it saw."""
    torch.manual_seed(0)
    encoder = Encoder(configs.ModelConfig(embedding=configs.HSE(**CUT), backbone=MIXER))
    model = as_trained(Network(encoder, Moody()), ("answer",))
    with pytest.raises(OutputError, match=told):
        write_checked(model, tmp_path / "out" / "model", form)
    assert list((tmp_path / "out").iterdir()) == []
