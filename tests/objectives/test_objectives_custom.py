"""Built-in plugins against plain loops, and classes of the user's: what is found, and which parameters they take."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import torch

from twostage.config.model import HSE, ModelConfig
from twostage.config.stage_1 import CustomConfig
from twostage.data.windowed import Batch
from twostage.models.network import Encoder, Network
from twostage.objectives.pretrain.custom import PluginError, custom, reads_labels, source_digest

MODEL = ModelConfig(embedding=HSE(patch_length=16, patches=8, dim=16))
CLASSES = {1: 3, 2: 2}


def config_of(target, params=None, **rest):
    return CustomConfig.model_validate({"pretrain_mode": "custom", "target": target, "params": params or {}} | rest)


def built(target, params=None):
    config = config_of(target, params)
    extra = {"classes": CLASSES} if reads_labels(config) else {}
    torch.manual_seed(0)
    return custom(config, Network(Encoder(MODEL), custom.head(config, MODEL, **extra)), **extra)


def batch():
    torch.manual_seed(1)
    system_B = torch.tensor([1, 1, 1, 2, 2, 2])
    label_B = torch.tensor([0, 1, 2, 0, 1, 1])
    return Batch(torch.randn(6, 128, 1), torch.full((6,), 1000.0), system_B, torch.arange(6), label_B, system_B)


def cross_entropy(logits, labels, counts, smoothing):
    """Of each window over the classes of its system, in float64; a share of the target is spread evenly over them."""
    losses = []
    for row, label, count in zip(logits.double().tolist(), labels.tolist(), counts, strict=True):
        log_sum = math.log(sum(math.exp(value) for value in row[:count]))
        surprise = [log_sum - value for value in row[:count]]
        losses.append((1 - smoothing) * surprise[label] + smoothing * sum(surprise) / count)
    return sum(losses) / len(losses)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_supervised_is_cross_entropy_over_the_classes_of_each_windows_system(smoothing):
    ours, windows = built("supervised", {"label_smoothing": smoothing}).eval(), batch()
    logits_BK = ours.network(windows.x_BLC, windows.sample_rate_B, windows.system_B, windows.domain_B)
    counts = [CLASSES[system] for system in windows.system_B.tolist()]
    expected = cross_entropy(logits_BK.detach(), windows.label_B, counts, smoothing)
    assert ours.loss(windows, "validation").item() == pytest.approx(expected, rel=1e-5)
    right = (logits_BK.argmax(dim=1) == windows.label_B).double()
    found = ours.metrics("validation")
    assert found["accuracy/1"] == pytest.approx(right[:3].mean().item())
    assert found["accuracy/2"] == pytest.approx(right[3:].mean().item())


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0])
def test_classification_prediction_is_the_weighted_sum_of_both(alpha):
    params = {"alpha_prediction": alpha, "mask_ratio": 0.3, "forecast_part": 0.25}
    ours, windows = built("classification_prediction", params).eval(), batch()
    hidden_BLC = ours.restoration.masking.hidden(windows.x_BLC, "validation")
    assert hidden_BLC.sum(dim=1).unique().tolist() == [32 + round(0.3 * 96)]
    assert hidden_BLC[:, 96:].all()
    ours.restoration.restart()

    starts = ours.network.embedding.starts(windows.x_BLC)
    tokens = ours.network.encode(windows.x_BLC * ~hidden_BLC, windows.sample_rate_B, starts)
    off = ours.network.head.reconstruction(tokens) - ours.network.embedding.patches(windows.x_BLC, starts)
    chosen = ours.network.embedding.patches(hidden_BLC, starts)
    prediction = (off.detach().double()[chosen] ** 2).mean().item()
    logits_BK = ours.network(windows.x_BLC, windows.sample_rate_B, windows.system_B)
    counts = [CLASSES[system] for system in windows.system_B.tolist()]
    expected = cross_entropy(logits_BK.detach(), windows.label_B, counts, 0.0) + alpha * prediction
    assert ours.loss(windows, "validation").item() == pytest.approx(expected, rel=1e-5)
    assert ours.metrics("validation")["mse"] == pytest.approx(prediction, rel=1e-5)
    assert {"validation/mse", "validation/correlation", "validation/macro_f1/2"} <= ours.logged()


def test_flow_is_the_squared_error_of_the_way_from_noise_to_window():
    ours, windows = built("flow", {"hidden": 8, "frequencies": 3}).eval(), batch()
    seen = []
    ours.network.embedding.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    torch.manual_seed(5)
    loss = ours.loss(windows, "validation").item()

    torch.manual_seed(5)
    noise, share = ours._drawn(windows.x_BLC)
    starts = ours.network.embedding.starts(windows.x_BLC)
    errors = []
    for row in range(6):
        t, x = share[row].item(), windows.x_BLC[row]
        mixture = (1 - t) * noise[row] + t * x
        assert torch.allclose(seen[0][row], mixture, atol=1e-6)
        tokens = ours.network.encode(mixture[None], windows.sample_rate_B[:1])
        waves = [f(math.pi * k * t) for f in (math.sin, math.cos) for k in (1, 2, 3)]
        for patch in range(8):
            answer = ours.network.head.perceptron(torch.cat([tokens[0, patch], torch.tensor(waves)]))
            begin = starts.length_BP[row, patch]
            errors.append(((answer - (x - noise[row])[begin : begin + 16, 0]) ** 2).detach().numpy())
    assert loss == pytest.approx(np.mean(errors), rel=1e-4)
    assert noise.std().item() == pytest.approx(1.0, abs=0.1)
    assert 0 <= share.min() < share.max() < 1


def test_a_contrast_beside_a_flow_pairs_two_mixtures_of_each_window():
    """Flow's error of all mixtures, and SimCLR's loss of their projections, window by window."""
    params = {"contrast": {"weight": 0.3, "temperature": 0.2}}
    ours, windows = built("flow", params).eval(), batch()
    seen = []
    ours.network.backbone.register_forward_hook(lambda _, inputs, tokens: seen.append(tokens))
    torch.manual_seed(5)
    loss = ours.loss(windows, "validation").item()
    z = torch.nn.functional.normalize(ours.network.head.projection(seen[0]), dim=1).double().detach()
    contrast = []
    for i in range(12):
        scores = {j: float(z[i] @ z[j]) / 0.2 for j in range(12) if j != i}
        contrast.append(math.log(sum(map(math.exp, scores.values()))) - scores[(i + 6) % 12])
    ours.weight = 0.0
    torch.manual_seed(5)
    alone = ours.loss(windows, "validation").item()
    assert loss - alone == pytest.approx(0.3 * np.mean(contrast), rel=1e-4)
    torch.manual_seed(5)
    plain = built("flow").eval()
    plain.network.load_state_dict({k: v for k, v in ours.network.state_dict().items() if "projection" not in k})
    torch.manual_seed(5)
    assert alone == pytest.approx(plain.loss(windows.repeated(2), "validation").item(), rel=1e-5)


@pytest.mark.parametrize("target", ["supervised", "classification_prediction", "flow"])
def test_every_weight_trains(target):
    ours = built(target)
    ours.loss(batch(), "train").backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in ours.parameters())


# Classes of the user's -------------------------------------------------------------------------------------------

MINE = '''
from pydantic import BaseModel, Field

from twostage.models.heads.reconstruction import ReconstructionHead
from twostage.objectives.base import Objective


class Shrink(Objective):
    """Keep tokens short; the weight is an argument."""

    def __init__(self, config, network, *, weight: float, power: float = 2.0):
        super().__init__(config, network)
        self.weight, self.power = weight, power

    @staticmethod
    def head(config, model):
        return ReconstructionHead(model.embedding)

    def loss(self, batch, part):
        tokens = self.network.encode(batch.x_BLC, batch.sample_rate_B)
        return self.weight * self.network.head(tokens).abs().pow(self.power).mean()


class Declared(Shrink):
    """The same with a Config."""

    reads_labels = True

    class Config(BaseModel):
        weight: float = Field(gt=0)

    def __init__(self, config, network, *, classes):
        super().__init__(config, network, weight=config.params.weight)
        self.classes = classes

    @staticmethod
    def head(config, model, *, classes):
        return Shrink.head(config, model)


class Open(Shrink):
    """Takes whatever comes."""

    def __init__(self, config, network, **others):
        super().__init__(config, network, weight=others["weight"])


class Headless(Objective):
    def loss(self, batch, part):
        return 0.0


NOT_A_CLASS = 3
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The module above under a name that can be imported."""
    (tmp_path / "my_objectives.py").write_text(MINE, encoding="utf-8")
    (tmp_path / "my_broken.py").write_text("import a_module_that_is_absent\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_objectives"
    sys.modules.pop("my_objectives", None)


def test_parameters_reach_the_constructor(mine):
    ours = built(f"{mine}:Shrink", {"weight": 3.0})
    assert (ours.weight, ours.power) == (3.0, 2.0)
    assert built(f"{mine}:Open", {"weight": 4.0, "other": 1}).weight == 4.0


def test_parameters_that_the_class_declares_are_checked_by_its_config(mine):
    ours = built(f"{mine}:Declared", {"weight": 2})
    assert ours.config.params.weight == 2.0
    assert ours.classes == CLASSES


def test_a_class_says_whether_it_reads_labels(mine):
    assert not reads_labels(config_of(f"{mine}:Shrink"))
    assert reads_labels(config_of(f"{mine}:Declared"))
    assert reads_labels(config_of("supervised"))
    assert not reads_labels(config_of("flow"))


@pytest.mark.parametrize(
    ("name", "params", "told"),
    [
        ("Shrink", {"wieght": 1.0}, "stage_1.params.wieght: my_objectives:Shrink has no such parameter; did you mean "),
        ("Shrink", {"x": 1, "weight": 1.0}, "has no such parameter; it takes power, weight"),
        ("Shrink", {}, "my_objectives:Shrink needs stage_1.params.weight, which is not written"),
        ("Shrink", {"weight": 1.0, "network": 1}, "stage_1.params.network: my_objectives:Shrink has no such parameter"),
        ("Open", {"weight": 1.0, "config": 1}, "stage_1.params.config: my_objectives:Open has no such parameter"),
        (
            "Declared",
            {"weight": -1.0},
            "does not take these parameters: stage_1.params.weight: Input should be",
        ),
        ("Declared", {}, "stage_1.params.weight: Field required"),
        ("Declared", {"weight": 1.0, "wait": 1}, "stage_1.params.wait: my_objectives:Declared has no such parameter"),
        ("Shrnk", {}, "my_objectives has no class Shrnk; did you mean Shrink?"),
        ("NOT_A_CLASS", {}, "my_objectives:NOT_A_CLASS is no objective"),
        ("Headless", {}, "my_objectives:Headless is no objective: it must be a class with a static method head"),
    ],
)
def test_what_a_class_does_not_take_is_told_plainly(mine, name, params, told):
    with pytest.raises(PluginError) as caught:
        built(f"{mine}:{name}", params)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("a_module_that_is_absent", "a_module_that_is_absent cannot be imported: No module named"),
        ("my_broken", "my_broken cannot be imported: No module named 'a_module_that_is_absent'. Install it, or name"),
    ],
)
@pytest.mark.usefixtures("mine")
def test_a_module_that_cannot_be_imported_is_told_plainly(module, told):
    with pytest.raises(PluginError) as caught:
        built(f"{module}:Class")
    assert told in str(caught.value)


def test_the_code_of_a_class_is_part_of_what_it_is(mine, tmp_path):
    config = config_of(f"{mine}:Shrink")
    before = source_digest(config)
    with (tmp_path / "my_objectives.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert source_digest(config) != before
    assert source_digest(config_of("flow")) == source_digest(config_of("supervised"))
