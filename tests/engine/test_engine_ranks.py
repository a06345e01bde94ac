"""Several processes that train one stage: the same bits each time, and every window measured once."""

from __future__ import annotations

import json
import threading
from importlib.util import find_spec

import pandas as pd
import pytest
from pydantic import ValidationError
from rigs import document

from twostage import TwoStageRun
from twostage.config.document import TwoStageConfig
from twostage.data.episodes import EpisodeNumbers
from twostage.engine.observer import Silent
from twostage.engine.remote.nodes import follow_stage
from twostage.errors import TrainingError


class Told(Silent):
    def __init__(self):
        self.epochs = []

    def epoch_done(self, stage, *, epoch, metrics):
        self.epochs.append((stage.name, epoch, sorted(metrics)))


def run(rig, output, devices, observer=None, *, trainer=None, **changes):
    """A backbone with running statistics, and heads of two systems, one of which a batch may lack."""
    stage_2 = {"adapt_mode": "finetune", "targets": [{"systems": [2, 3]}], "epochs": 2, "control": "none"}
    stage_2 |= {"sampler": {"kind": "shuffled"}, "batch_size": 3}
    trainer = {"accelerator": "cpu", "devices": devices} | (trainer or {})
    written = document(rig, output, **{"stage_1": None, "stage_2": stage_2, "trainer": trainer, **changes})
    return TwoStageRun(written, observer=observer).fit()


def compare(one, other, single):
    """Two runs of two processes, and one of a single one."""
    assert (one.digest, one.metrics) == (other.digest, other.metrics)
    assert one.digest != single.digest
    assert one.key != single.key
    assert one.metrics.keys() == single.metrics.keys()
    counts = [name for name in single.metrics if "windows" in name or "majority" in name]
    assert {name: one.metrics[name] for name in counts} == {name: single.metrics[name] for name in counts}


@pytest.fixture(scope="module")
def together(rig, tmp_path_factory):
    """What two processes of one node come to, each with all weights."""
    told = Told()
    (result,) = run(rig, tmp_path_factory.mktemp("together"), 2, told).stages
    assert [epoch for _, epoch, _ in told.epochs] == [1, 2]
    assert all("validation/loss" in metrics for _, _, metrics in told.epochs)
    return result


def test_two_processes_with_the_weights_in_pieces_have_the_bits_of_two_with_all_of_them(rig, tmp_path, together):
    """And every window is counted once, as in one process."""
    (single,) = run(rig, tmp_path / "alone", 1).stages
    (pieces,) = run(rig, tmp_path / "pieces", 2, trainer={"strategy": "fsdp"}).stages
    compare(together, pieces, single)
    assert together.key != pieces.key
    assert single.metrics["test/windows/3"] > 0
    tables = [pd.read_csv(each.directory / "predictions.csv") for each in (together, single)]
    rows = ["recording", "start", "system", "label"]
    assert tables[0][rows].equals(tables[1][rows])
    right = (tables[0]["label"] == tables[0]["answer"])[tables[0]["system"] == 3]
    assert right.mean() == pytest.approx(together.metrics["test/accuracy/3"])


def test_two_nodes_have_the_bits_of_one_with_two_devices(rig, tmp_path, monkeypatch, together):
    """This process is the first node, and a thread does what another one would."""
    monkeypatch.setenv("NODE_RANK", "0")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    over = threading.Event()
    other = threading.Thread(target=follow_as_second, args=(tmp_path, over))
    other.start()
    try:
        (result,) = run(rig, tmp_path, 1, trainer={"nodes": 2}).stages
    finally:
        over.set()
        other.join()
    assert (result.digest, result.metrics) == (together.digest, together.metrics)


@pytest.mark.long
@pytest.mark.skipif(not find_spec("submitit"), reason="needs the package submitit")
def test_a_job_of_two_nodes_is_one_training(rig, tmp_path, together):
    """On this machine alone the nodes of a job are processes beside one another."""
    executor = {"kind": "slurm", "cluster": "local", "cpus": 1, "memory_gb": 2.0}
    (result,) = run(rig, tmp_path, 1, trainer={"nodes": 2}, executor=executor).stages
    assert (result.digest, result.metrics) == (together.digest, together.metrics)


def follow_as_second(root, over):
    """Wait until there is a run, and take part in its only training."""
    while not (plans := list(root.glob("*/*/*/plan.json"))) and not over.wait(0.1):
        pass
    for plan in plans:
        (stage,) = json.loads(plan.read_text())["stages"]
        follow_stage(str(plan.parent), stage["name"], 1, over.is_set)


FEW = {"adapt_mode": "fewshot", "support_unit": "recording", "queries": 2, "episodes": 3, "episodes_per_epoch": 2}
TASKS = {"adapt_mode": "multitask", "tasks": {"classification": {}, "signal_prediction": {}}}


MOVING = {
    "tasks": {"classification": {"class_weights": "balanced"}, "anomaly_detection": {}},
    "adapt_mode": "multitask",
    "weighting": "gradient_balanced",
    "unfreeze": {"embedding": 1, "backbone": 2, "schedule": "linear"},
    "validate_every": 0.5,
    "regularization": {"l1": 1e-5},
    "epochs": 3,
}
LEARNT = {"adapt_mode": "multitask", "tasks": {"classification": {}, "anomaly_detection": {}}}
CLASSES = {"adapt_mode": "finetune", "checkpoint": {"keep": 2, "last": True}}
CONTRASTIVE = {"pretrain_mode": "contrastive", "pairing": "recording", "momentum_encoder": {"queue": 64}}
METRIC = {"pretrain_mode": "unified_metric", "zero_shot": {}}
RECONSTRUCTION = {"pretrain_mode": "reconstruction"}
RESNET = {"network": {"kind": "resnet1d", "layers": [1, 1, 1, 1], "width": 8}}
KINDS = {
    "fewshot": (CONTRASTIVE, FEW, {}, {}),
    "multitask": (CONTRASTIVE, TASKS, {}, {}),
    "moving": (METRIC, MOVING, {}, {}),
    "learnt": (RECONSTRUCTION, LEARNT | {"weighting": "uncertainty"}, {"accumulate_batches": 2}, {}),
    "statistics": (METRIC, CLASSES, {"precision": "bf16-mixed"}, {"model": RESNET}),
}


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_stage_does_so(rig, tmp_path, kind):
    stage_1, stage_2, trainer, changes = KINDS[kind]
    stages = {
        "stage_1": {"systems": [1], "epochs": 2, **stage_1},
        "stage_2": {"targets": [{"system": 3}], "epochs": 1, "control": "none", **stage_2},
    }

    def found(devices, **more):
        output = tmp_path / "-".join(map(str, (devices, *more)))
        return run(rig, output, devices, trainer=trainer | more, **stages, **changes).stages

    for one, other, single in zip(found(2), found(2, strategy="fsdp"), found(1), strict=True):
        compare(one, other, single)


@pytest.mark.long
def test_the_norm_of_gradients_in_pieces_is_that_of_all_of_them(rig, tmp_path):
    """But for the order of its sum."""
    trainer = {"gradient_clip": 0.05}
    (whole,) = run(rig, tmp_path / "whole", 2, trainer=trainer).stages
    (pieces,) = run(rig, tmp_path / "pieces", 2, trainer=trainer | {"strategy": "fsdp"}).stages
    (free,) = run(rig, tmp_path / "free", 2).stages
    assert pieces.metrics["test/loss"] == pytest.approx(whole.metrics["test/loss"], rel=1e-5)
    assert free.metrics["test/loss"] != pytest.approx(whole.metrics["test/loss"], rel=1e-3)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"trainer": {"strategy": "fsdp"}}, "strategy has no effect with a single device: leave fsdp out"),
        ({"trainer": {"strategy": "fsdp", "devices": 2, "precision": "16-mixed"}}, "write bf16-mixed or 32-true"),
        ({"trainer": {"nodes": 2}, "executor": {"kind": "ray"}}, "executor ray gives a training one node"),
        ({"trainer": {"accelerator": "mps", "devices": 2}}, "one device of the kind mps"),
    ],
)
def test_what_cannot_be_shared_is_refused(written, told):
    with pytest.raises(ValidationError, match=told):
        TwoStageConfig.model_validate({"stage_1": {"pretrain_mode": "contrastive"}, **written})


@pytest.mark.parametrize(
    ("rank", "told"),
    [("", "NODE_RANK=0 and MASTER_ADDR=.* NODE_RANK=1 on the other$"), ("2", "NODE_RANK is 2, but trainer.nodes is 2")],
)
def test_each_node_must_be_told_which_one_it_is(rig, tmp_path, monkeypatch, rank, told):
    monkeypatch.delenv("SLURM_NODEID", raising=False)
    monkeypatch.setenv("NODE_RANK", rank)
    with pytest.raises(TrainingError, match=told):
        run(rig, tmp_path, 1, trainer={"nodes": 2})
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_a_mistake_in_one_process_is_told_and_ends_the_others(rig, tmp_path):
    split = {"unit": "recording", "train": 0.8, "validation": 0.1, "test": 0.1}
    window = {"placement": "evenly_spaced", "length": 256, "per_recording": 1}
    stage_1 = {"pretrain_mode": "reconstruction", "systems": [1], "split": split, "window": window, "epochs": 1}
    with pytest.raises(TrainingError, match=r"fewer than trainer\.devices \(9\)"):
        run(rig, tmp_path, 9, stage_1=stage_1, stage_2=None)


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_episodes_are_shared_each_once_in_evaluation_and_equally_many_in_training(world):
    def numbers(*, again, epoch=0):
        found = []
        for rank in range(world):
            sampler = EpisodeNumbers(7, again=again)
            sampler.share(rank, world)
            sampler.set_epoch(epoch)
            assert len(list(sampler)) == len(sampler)
            found.append(list(sampler))
        return found

    assert [number for mine in numbers(again=True) for number in mine] == list(range(7))
    lengths = {len(mine) for mine in numbers(again=False)}
    assert len(lengths) == 1
    drawn = [number for epoch in range(3) for mine in numbers(again=False, epoch=epoch) for number in mine]
    assert sorted(drawn) == list(range(len(drawn)))
