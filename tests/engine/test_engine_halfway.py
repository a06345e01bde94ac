"""Law 5 with an interruption: a training that goes on where it was has the bits of one that was not interrupted."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from rigs import document
from safetensors.torch import load_file

from twostage import TwoStageRun, resume
from twostage.engine.observer import Silent
from twostage.engine.store.files import Scratch
from twostage.engine.training.halfway import Snapshots

EPOCHS = 3
STAGES = {
    "contrastive": {"pretrain_mode": "contrastive", "systems": [1, 2]},
    "momentum encoder": {
        "pretrain_mode": "contrastive",
        "systems": [1, 2],
        "momentum_encoder": {"momentum": 0.9, "queue": 64},
    },
    "reconstruction": {"pretrain_mode": "reconstruction", "systems": [1, 2], "mask": {"block": 32}},
    "unified_metric": {"pretrain_mode": "unified_metric", "systems": [1, 2]},
}
ADAPTATIONS = {
    "finetune": {"adapt_mode": "finetune", "control": "from_scratch", "unfreeze": {"backbone": 1, "embedding": 2}},
    "fewshot": {
        "adapt_mode": "fewshot",
        "ways": 2,
        "shots": [1],
        "queries": 1,
        "support_unit": "recording",
        "episodes": 4,
        "episodes_per_epoch": 4,
        "control": "none",
    },
    "multitask": {"adapt_mode": "multitask", "tasks": {"classification": {}, "anomaly_detection": {}}},
    "moving parts": {
        "adapt_mode": "multitask",
        "tasks": {"classification": {"class_weights": "balanced"}, "anomaly_detection": {}},
        "weighting": "gradient_balanced",
        "unfreeze": {"embedding": 1, "backbone": 2, "schedule": "linear"},
        "validate_every": 0.5,
        "regularization": {"l1": 1e-5},
    },
}


class Stopped(Exception):  # noqa: N818 - no mistake
    pass


@dataclass
class Stopper(Silent):
    """Ends a run in the middle of an epoch of one stage."""

    stage: str
    epoch: int

    def batch_done(self, stage, *, epoch, **_):
        if stage.name == self.stage and epoch == self.epoch:
            raise Stopped


class Listener(Silent):
    def __init__(self):
        self.epochs = []

    def epoch_done(self, stage, *, epoch, metrics):
        self.epochs.append(epoch)


def stopped_and_resumed(written, stage, epoch):
    with pytest.raises(Stopped) as caught:
        TwoStageRun(written, observer=Stopper(stage, epoch)).fit()
    torch.manual_seed(987)
    (line,) = [note for note in caught.value.__notes__ if note.startswith("To go on: ")]
    listener = Listener()
    summary = resume(line.removeprefix("To go on: twostage resume "), observer=listener)
    assert listener.epochs[0] == epoch, "it went on, and did not begin again"
    return summary


def assert_same(one, other):
    assert [result.key for result in one.stages] == [result.key for result in other.stages]
    for result in one.stages:
        again = other.stage(result.name)
        assert (again.digest, again.metrics) == (result.digest, result.metrics)
        assert (again.epochs, again.best_epoch) == (result.epochs, result.best_epoch)
        ours, theirs = load_file(result.checkpoint), load_file(again.checkpoint)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
        logs = [each.directory / "log" / "metrics.csv" for each in (result, again)]
        assert logs[0].exists() == logs[1].exists()
        if logs[0].exists():
            assert logs[0].read_text() == logs[1].read_text()


def dropout(**changes):
    """With dropout and augmentation, so that a lost random state shows."""
    return {"epochs": EPOCHS, "scheduler": {"kind": "cosine"}, **changes}


@pytest.mark.parametrize("mode", STAGES)
def test_a_pretraining_goes_on_with_the_same_bits(rig, tmp_path, mode):
    def written(name):
        return document(rig, tmp_path / name, stage_1=dropout(**STAGES[mode]), stage_2=None)

    whole = TwoStageRun(written("whole")).fit()
    assert_same(whole, stopped_and_resumed(written("halves"), "stage_1/seed-0", 2))


@pytest.mark.parametrize("mode", ADAPTATIONS)
def test_an_adaptation_goes_on_with_the_same_bits(rig, tmp_path, mode):
    def written(name):
        stage_2 = dropout(**ADAPTATIONS[mode], targets=[{"system": 3}])
        return document(rig, tmp_path / name, stage_1=None, stage_2=stage_2)

    whole = TwoStageRun(written("whole")).fit()
    assert_same(whole, stopped_and_resumed(written("halves"), "stage_2/seed-0/system-3/from_scratch", 2))


def test_early_stopping_plateaus_and_workers_go_on_as_well(rig, tmp_path):
    stage_1 = {
        "pretrain_mode": "contrastive",
        "systems": [1, 2],
        "epochs": 8,
        "early_stopping": {"patience": 2},
        "checkpoint": {"keep": 2},
        "optimizer": {"kind": "adamw", "lr": 3e-2},
        "scheduler": {"kind": "plateau", "patience": 1},
    }

    def written(name):
        rules = document(rig, tmp_path / name, stage_1=stage_1, stage_2=None)
        return rules | {"data": rules["data"] | {"workers": 1}}

    whole = TwoStageRun(written("whole")).fit()
    assert_same(whole, stopped_and_resumed(written("halves"), "stage_1/seed-0", 3))


def test_a_training_that_is_stopped_again_and_again_has_the_same_bits(rig, tmp_path):
    def written(name):
        return document(rig, tmp_path / name, stage_1=dropout(**STAGES["contrastive"]), stage_2=None)

    whole = TwoStageRun(written("whole")).fit()
    for epoch in (1, 2, 2, 3):
        with pytest.raises(Stopped):
            TwoStageRun(written("pieces"), observer=Stopper("stage_1/seed-0", epoch)).fit()
    assert_same(whole, TwoStageRun(written("pieces")).fit())


TOGETHER = {
    "contrastive": {"stage_1": STAGES["momentum encoder"] | {"epochs": EPOCHS}, "stage_2": None},
    "finetune": {
        "stage_1": None,
        "stage_2": ADAPTATIONS["finetune"] | {"targets": [{"systems": [2, 3]}], "epochs": EPOCHS},
    },
    "fewshot": {"stage_1": None, "stage_2": ADAPTATIONS["fewshot"] | {"targets": [{"system": 3}], "epochs": EPOCHS}},
}


@pytest.mark.parametrize(
    ("mode", "strategy"),
    [
        ("finetune", "ddp"),
        *(pytest.param(m, "ddp", marks=pytest.mark.long) for m in ("contrastive", "fewshot")),
        *(pytest.param(m, "fsdp", marks=pytest.mark.long) for m in TOGETHER),
    ],
)
def test_two_processes_go_on_with_the_same_bits(rig, tmp_path, mode, strategy):
    """Each draws what it would have drawn: its draws are a function of seed, epoch and rank."""

    def written(name):
        trainer = {"accelerator": "cpu", "devices": 2, "strategy": strategy}
        return document(rig, tmp_path / name, **TOGETHER[mode], trainer=trainer)

    whole = TwoStageRun(written("whole")).fit()
    (first, *_) = whole.stages
    assert_same(whole, stopped_and_resumed(written("halves"), first.name, 2))


@pytest.fixture
def snapshots(tmp_path):
    return Snapshots(tmp_path / "home", Scratch(tmp_path / "scratch"))


def folder(tmp_path, text):
    path = tmp_path / text
    path.mkdir()
    (path / "file").write_text(text)
    return path


def test_the_last_state_is_restored_and_the_one_before_where_that_is_damaged(snapshots, tmp_path):
    for epoch, text in enumerate(("one", "two", "three"), 1):
        snapshots.save(folder(tmp_path, text), epoch)
    states = sorted((tmp_path / "home").iterdir())
    assert len(states) == 2
    assert snapshots.restore(tmp_path / "three again")
    assert (tmp_path / "three again" / "file").read_text() == "three"
    states[-1].write_bytes(states[-1].read_bytes()[:-700])
    assert snapshots.restore(tmp_path / "two again")
    assert (tmp_path / "two again" / "file").read_text() == "two"


def test_without_a_state_nothing_is_restored(snapshots, tmp_path):
    assert not snapshots.restore(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
