"""Losses and metrics of several tasks against plain loops; what has no target changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn import metrics as sk

from twostage.config.model import HSE, ModelConfig, PatchTST
from twostage.config.stage_2 import MultitaskConfig
from twostage.data.labels import UNLABELLED
from twostage.data.targets import Targets
from twostage.data.windowed import Batch
from twostage.errors import TrainingError
from twostage.models.network import Encoder, Network
from twostage.objectives.adapt.multitask import Multitask

CLASSES = {1: 3, 2: 2}
END = 16
SCALE = 40.0
ALL = {
    "classification": {"weight": 2.0, "label_smoothing": 0.1},
    "anomaly_detection": {"weight": 0.5, "class_weights": [2.0, 3.0], "threshold": 0.4},
    "rul_prediction": {"weight": 3.0},
    "signal_prediction": {"weight": 0.25, "length": END},
}


def objective(tasks=ALL, **changes):
    """On a small network, with fixed weights."""
    written = {"targets": [{"systems": [1, 2]}], "tasks": tasks} | changes
    config = MultitaskConfig.model_validate({"adapt_mode": "multitask"} | written)
    embedding = HSE(patch_length=8, patch_channels=1, patches=6, dim=8)
    model = ModelConfig(embedding=embedding, backbone=PatchTST(layers=1, heads=2, feedforward=8, dropout=0.0))
    nothing = np.zeros(0, dtype=np.float32)
    targets = Targets(
        tasks=tuple(config.tasks.written),
        anomaly=nothing,
        rul=nothing,
        classed=nothing.astype(bool),
        channels=2,
        systems=(1, 2),
        rul_scale=SCALE,
    )
    torch.manual_seed(0)
    network = Network(Encoder(model), Multitask.head(config, model, targets=targets, classes=CLASSES))
    return Multitask(config, network, targets=targets, classes=CLASSES).eval()


def windows(count=7, seed=1, *, gaps=True):
    """Windows of two systems; with ``gaps`` some lack a class, an anomaly or a life."""
    draw = torch.Generator().manual_seed(seed)
    x_BLC = torch.randn(count, 64, 2, generator=draw)
    system_B = torch.arange(count) % 2 + 1
    label_B = torch.randint(0, 2, (count,), generator=draw)
    anomaly_B = torch.randint(0, 2, (count,), generator=draw).float()
    rul_B = 50 * torch.rand(count, generator=draw)
    if gaps:
        label_B[::3], anomaly_B[1::3], rul_B[2::4] = UNLABELLED, torch.nan, torch.nan
    rate_B = torch.full((count,), 1000.0)
    return Batch(
        x_BLC,
        rate_B,
        system_B,
        torch.arange(count),
        label_B,
        torch.zeros(count).long(),
        anomaly_B=anomaly_B,
        rul_B=rul_B,
    )


def part_of(batch, where):
    return Batch(*(None if column is None else column[where] for column in batch))


def slow_losses(model, batch):
    """The loss of each task, window by window in double precision."""
    answers = {name: answer.double().tolist() for name, answer in model.answers(batch).items()}
    found = {name: [] for name in answers}
    for i, system in enumerate(batch.system_B.tolist()):
        label, anomaly, rul = int(batch.label_B[i]), float(batch.anomaly_B[i]), float(batch.rul_B[i])
        if label != UNLABELLED:
            logits = answers["classification"][i][: CLASSES[system]]
            surprise = [math.log(sum(math.exp(z) for z in logits)) - z for z in logits]
            found["classification"].append(0.9 * surprise[label] + 0.1 * sum(surprise) / len(surprise))
        if not math.isnan(anomaly):
            probability = 1 / (1 + math.exp(-answers["anomaly_detection"][i]))
            found["anomaly_detection"].append(-1.5 * math.log(probability) if anomaly else -math.log(1 - probability))
        if not math.isnan(rul):
            found["rul_prediction"].append((answers["rul_prediction"][i] - rul / SCALE) ** 2)
        pairs = zip(answers["signal_prediction"][i], batch.x_BLC[i, -END:].double().tolist(), strict=True)
        errors = [(a - b) ** 2 for ours, truth in pairs for a, b in zip(ours, truth, strict=True)]
        found["signal_prediction"].append(sum(errors) / len(errors))
    return {name: sum(each) / len(each) for name, each in found.items()}


@given(st.integers(4, 9), st.integers(0, 1000))
@settings(max_examples=15)
def test_the_loss_is_the_weighted_sum_of_means_over_windows_with_a_target(count, seed):
    model, batch = objective(), windows(count, seed)
    expected = sum(ALL[name]["weight"] * loss for name, loss in slow_losses(model, batch).items())
    assert model.loss(batch, "train").item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["classification", "anomaly_detection", "rul_prediction"])
def test_windows_without_a_target_change_nothing(name):
    """Neither the loss nor any gradient: as if they were not there."""
    batch = windows(8, gaps=False)
    gone = torch.arange(8) % 3 == 0
    columns = {"classification": "label_B", "anomaly_detection": "anomaly_B", "rul_prediction": "rul_B"}
    target = getattr(batch, columns[name]).clone()
    target[gone] = UNLABELLED if name == "classification" else torch.nan
    found = []
    for given_batch in (batch._replace(**{columns[name]: target}), part_of(batch, ~gone)):
        model = objective({name: ALL[name]})
        loss = model.loss(given_batch, "train")
        loss.backward()
        found.append([loss.detach(), *(p.grad for p in model.parameters())])
    assert sum(gradient.abs().sum() for gradient in found[0][1:]) > 0
    for masked, absent in zip(*found, strict=True):
        assert masked.isfinite().all()
        torch.testing.assert_close(masked, absent, atol=1e-6, rtol=1e-4)


def test_a_system_without_a_head_of_its_own_spoils_nothing():
    """Its logits are NaN; its windows have no class."""
    model, batch = objective(), windows(6)
    batch.system_B[2] = 9
    batch.label_B[2] = UNLABELLED
    model.loss(batch, "train").backward()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


def test_a_task_without_any_target_leaves_the_sum():
    model, batch = objective(), windows(6)
    batch.rul_B.fill_(torch.nan)
    rest = {name: task for name, task in ALL.items() if name != "rul_prediction"}
    expected = sum(
        task["weight"] * model.tasks[name](model.answers(batch)[name], batch, "train") for name, task in rest.items()
    )
    torch.testing.assert_close(model.loss(batch, "train"), expected)


def test_a_batch_without_any_target_is_an_error():
    tasks = {name: ALL[name] for name in ("classification", "anomaly_detection", "rul_prediction")}
    model, batch = objective(tasks), windows(4)
    batch.label_B.fill_(UNLABELLED)
    batch.anomaly_B.fill_(torch.nan)
    batch.rul_B.fill_(torch.nan)
    with pytest.raises(TrainingError, match="no window of a train batch has a target of any task"):
        model.loss(batch, "train")


def test_what_is_forecast_is_not_seen_and_what_is_classified_is():
    model, batch = objective(), windows(4)
    other = batch._replace(x_BLC=batch.x_BLC.clone())
    other.x_BLC[:, -END:] += 5.0
    before, after = model.answers(batch), model.answers(other)
    torch.testing.assert_close(after["signal_prediction"], before["signal_prediction"])
    for name in ("anomaly_detection", "rul_prediction"):
        assert not torch.allclose(after[name], before[name])
    other.x_BLC[:, -END - 1] += 5.0
    assert not torch.allclose(model.answers(other)["signal_prediction"], before["signal_prediction"])


def test_a_forecast_is_of_the_window_without_noise(monkeypatch):
    """A head that answers zero errs by the target, whatever noise is seen; a turned sign is in both."""
    for changes in ([], [{"kind": "jitter", "std": 9.0}], [{"kind": "polarity", "probability": 1.0}]):
        model, batch = objective({"signal_prediction": {"length": END}}, augmentations=changes), windows(4)
        monkeypatch.setattr(model, "answers", lambda seen: {"signal_prediction": 0 * seen.x_BLC[:, -END:]})
        torch.testing.assert_close(model.loss(batch, "train"), batch.x_BLC[:, -END:].square().mean())
    before, after = (objective(augmentations=changes) for changes in ([], [{"kind": "jitter", "std": 9.0}]))
    assert not torch.allclose(before.loss(windows(), "train"), after.loss(windows(), "train"))
    torch.testing.assert_close(before.loss(windows(), "validation"), after.loss(windows(), "validation"))


def test_answers_do_not_depend_on_the_tasks_beside():
    """One pass for windows with and without their end mixes nothing up."""
    both, batch = objective(), windows(5)
    alone = objective({"anomaly_detection": ALL["anomaly_detection"]})
    weights = both.network.state_dict()
    alone.network.load_state_dict({name: weights[name] for name in alone.network.state_dict()})
    answers = both.answers(batch)["anomaly_detection"]
    torch.testing.assert_close(alone.answers(batch)["anomaly_detection"], answers)


def measured(model, batch, size):
    model._begin("validation")
    for start in range(0, len(batch.x_BLC), size):
        model.loss(part_of(batch, slice(start, start + size)), "validation")
    return model.metrics("validation")


@given(st.integers(1, 40))
@settings(max_examples=8)
def test_metrics_and_losses_of_an_epoch_do_not_depend_on_its_batches(size):
    model, batch = objective(), windows(40)
    whole, cut = measured(model, batch, 40), measured(model, batch, size)
    assert cut.keys() == whole.keys()
    for name, value in whole.items():
        np.testing.assert_allclose(cut[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


def test_losses_of_an_epoch_are_those_of_all_its_windows():
    model, batch = objective(), windows(12)
    found = measured(model, batch, 5)
    for name, loss in slow_losses(model, batch).items():
        assert found[f"{name}/loss"] == pytest.approx(loss, rel=1e-5)


def test_anomaly_metrics_are_those_of_scikit_learn():
    model, batch = objective(), windows(40)
    found, answer = measured(model, batch, 7), model.answers(batch)["anomaly_detection"].sigmoid().detach()
    for system in (1, 2):
        mine = (batch.system_B == system) & ~batch.anomaly_B.isnan()
        truth, probability = batch.anomaly_B[mine].numpy(), answer[mine].numpy()
        name = "anomaly_detection/{}/" + str(system)
        assert found[name.format("windows")] == mine.sum()
        assert found[name.format("auroc")] == pytest.approx(sk.roc_auc_score(truth, probability), abs=1e-6)
        precision = sk.average_precision_score(truth, probability)
        assert found[name.format("auprc")] == pytest.approx(precision, abs=1e-6)
        assert found[name.format("f1")] == pytest.approx(sk.f1_score(truth, probability >= 0.4))
        assert found[name.format("accuracy")] == pytest.approx(sk.accuracy_score(truth, probability >= 0.4))
    each = [found[f"anomaly_detection/auroc/{system}"] for system in (1, 2)]
    assert found["anomaly_detection/auroc"] == pytest.approx(sum(each) / 2)


def test_a_metric_that_is_undefined_is_left_out():
    task = objective().tasks["anomaly_detection"]
    probability = torch.tensor([0.1, 0.9], dtype=torch.float64)
    assert task.scores({"probability": probability, "truth": torch.zeros(2)}) == {"accuracy": 0.5}
    assert task.scores({"probability": probability, "truth": torch.ones(2)}).keys() == {"accuracy", "f1"}


def test_life_is_measured_in_the_unit_of_the_table():
    model, batch = objective(), windows(40)
    found, answer = measured(model, batch, 7), model.answers(batch)["rul_prediction"].detach().double() * SCALE
    for system in (1, 2):
        mine = (batch.system_B == system) & ~batch.rul_B.isnan()
        late = (answer - batch.rul_B)[mine].tolist()
        lives = batch.rul_B[mine].tolist()
        assert found[f"rul_prediction/mae/{system}"] == pytest.approx(sum(map(abs, late)) / len(late), rel=1e-5)
        rmse = math.sqrt(sum(d * d for d in late) / len(late))
        assert found[f"rul_prediction/rmse/{system}"] == pytest.approx(rmse, rel=1e-5)
        predicted = [life + error for life, error in zip(lives, late, strict=True)]
        assert found[f"rul_prediction/r2/{system}"] == pytest.approx(sk.r2_score(lives, predicted), rel=1e-4)


def test_forecasts_are_measured_window_by_window():
    model, batch = objective(), windows(9)
    batch.x_BLC[4, -END:] = 1.5
    found, answer = measured(model, batch, 4), model.answers(batch)["signal_prediction"].detach().double()
    truth = batch.x_BLC[:, -END:].double()
    own = (batch.system_B == 1).nonzero().flatten().tolist()
    assert found["signal_prediction/mse/1"] == pytest.approx(float((answer - truth)[own].square().mean()), rel=1e-5)
    assert found["signal_prediction/mae/1"] == pytest.approx(float((answer - truth)[own].abs().mean()), rel=1e-5)
    varying = [pearsonr(answer[i].flatten(), truth[i].flatten()).statistic for i in own if i != 4]
    assert found["signal_prediction/correlation/1"] == pytest.approx(np.mean(varying), abs=1e-5)


def test_every_name_that_can_select_an_epoch_is_measured():
    model = objective()
    found = measured(model, windows(40), 40)
    names = {name.removeprefix("validation/") for name in model.logged() if name.startswith("validation/")}
    assert names - {"loss"} <= found.keys()


def test_learnt_weights_are_those_of_kendall():
    """Half the squared error times exp(-s), a cross entropy times exp(-s), and s / 2 each; in training alone."""
    model, batch = objective(weighting="uncertainty"), windows(6)
    plain = model.loss(batch, "validation").item()
    spread = {"classification": 0.3, "anomaly_detection": -0.7, "rul_prediction": 1.1, "signal_prediction": -0.2}
    for name, value in spread.items():
        model.log_variance[name].data.fill_(value)
    losses, expected = slow_losses(model, batch), 0.0
    for name, s in spread.items():
        half = 0.5 if name in {"rul_prediction", "signal_prediction"} else 1.0
        expected += ALL[name]["weight"] * (half * math.exp(-s) * losses[name] + s / 2)
    loss = model.loss(batch, "train")
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert model.loss(batch, "validation").item() == plain
    loss.backward()
    assert all(weight.grad.abs() > 0 for weight in model.log_variance.values())


def test_learnt_weights_train_without_decay_and_fixed_ones_do_not_exist():
    groups = objective(weighting="uncertainty").parameter_groups()
    assert [group["name"] for group in groups] == ["head", "embedding", "backbone", "weighting"]
    assert groups[-1]["weight_decay"] == 0.0
    assert [group["name"] for group in objective().parameter_groups()] == ["head", "embedding", "backbone"]


def test_frozen_parts_stay_and_multipliers_hold():
    model = objective(freeze={"embedding": True}, lr_multipliers={"backbone": 0.1})
    groups = {group["name"]: group["lr"] for group in model.parameter_groups()}
    assert groups == {"head": pytest.approx(1e-3), "backbone": pytest.approx(1e-4)}
    model.train()
    assert not model.network.embedding.training
    assert model.network.head.training
