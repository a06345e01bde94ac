"""Every executor keeps the same promises: each stage once, with the bits of one process, and failures are told."""

from __future__ import annotations

import json
import os
import signal
from importlib.util import find_spec
from shutil import which

import pytest
from rigs import document

from twostage import TwoStageRun
from twostage.config import executors as configs
from twostage.config.executors import ExecutorError, chosen_executor
from twostage.engine.observer import Silent
from twostage.engine.store.store import Store

AXIS = {"kind": "grid", "name": "rate", "key": "stage_2.optimizer.lr", "values": [1e-3, 1e-2]}
EXECUTORS = [
    pytest.param({"kind": "local", "workers": 2}, id="local"),
    pytest.param(
        {"kind": "slurm", "cluster": "local", "cpus": 1, "memory_gb": 4.0},
        id="submitit",
        marks=pytest.mark.skipif(not find_spec("submitit"), reason="needs the package submitit"),
    ),
    pytest.param(
        {"kind": "slurm", "cpus": 1, "memory_gb": 2.0, "minutes": 30},
        id="slurm",
        marks=[pytest.mark.long, pytest.mark.skipif(not which("squeue"), reason="needs a cluster of SLURM")],
    ),
    pytest.param(
        {"kind": "ray"},
        id="ray",
        marks=pytest.mark.skipif(not find_spec("ray"), reason="needs the package ray"),
    ),
]


class Told(Silent):
    """Remembers what it is told."""

    def __init__(self):
        self.started, self.epochs, self.finished, self.failed = [], [], [], []

    def stage_started(self, stage, *, epochs, batches):
        self.started.append(stage.name)

    def epoch_done(self, stage, *, epoch, metrics):
        self.epochs.append((stage.name, epoch))

    def stage_finished(self, result):
        self.finished.append(result.name)

    def stage_failed(self, failure):
        self.failed.append(failure)


def swept(rig, output, **changes):
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1}
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 2, "control": "none"}
    return document(rig, output, stage_1=stage_1, stage_2=stage_2, sweep=[AXIS], **changes)


@pytest.fixture(scope="module")
def alone(rig, tmp_path_factory):
    return TwoStageRun(swept(rig, tmp_path_factory.mktemp("alone"))).fit()


@pytest.mark.parametrize("executor", EXECUTORS)
def test_stages_have_the_bits_of_one_process_and_what_starts_from_others_comes_behind_them(
    rig, tmp_path, alone, executor
):
    told = Told()
    summary = TwoStageRun(swept(rig, tmp_path, executor=executor), observer=told).fit()
    assert [(each.name, each.key, each.digest, each.metrics) for each in summary.stages] == [
        (each.name, each.key, each.digest, each.metrics) for each in alone.stages
    ]
    assert told.started[0] == told.finished[0] == "stage_1/seed-0"
    assert sorted(told.finished) == sorted(each.name for each in summary.stages)
    assert {(each.name, 1) for each in summary.stages} <= set(told.epochs)
    again = Told()
    TwoStageRun(swept(rig, tmp_path, executor=executor), observer=again).fit()
    assert (again.started, len(again.finished)) == ([], 3)


class Killer(Told):
    """Kills the process that trains a stage, which its lease names, as soon as the training has begun."""

    def __init__(self, root, name):
        super().__init__()
        self.root, self.name, self.pid = root, name, None

    def stage_started(self, stage, *, epochs, batches):
        super().stage_started(stage, epochs=epochs, batches=batches)
        if self.name in stage.name and self.pid is None:
            store = Store(self.root)
            (folder,) = (each for each in store.folder.glob("work/*") if self.held_for(store, each))
            self.pid = store.leases.holder(folder).pid
            os.kill(self.pid, signal.SIGKILL)

    def held_for(self, store, folder):
        return store.leases.holder(folder) is not None


@pytest.mark.long
@pytest.mark.parametrize("executor", EXECUTORS)
def test_a_worker_that_is_killed_is_a_failure_and_the_others_go_on(rig, tmp_path, executor):
    one = {**executor, "workers": 1} if executor["kind"] == "local" else executor
    told = Killer(tmp_path / "save", "stage_1")
    changes = {"executor": one, "seeds": [0, 1]}
    if executor["kind"] != "local":
        changes["seeds"] = [0]  # their jobs run at once, so that the lease would not say whose it is
    summary = TwoStageRun(swept(rig, tmp_path / "save", **changes), observer=told, keep_going=True).fit()
    lost = [failure for failure in summary.failures if failure.cause is None]
    assert [failure.name for failure in lost] == ["stage_1/seed-0"]
    assert {failure.cause for failure in summary.failures if failure.cause} == {"stage_1/seed-0"}
    assert len(summary.stages) == (3 if executor["kind"] == "local" else 0)
    again = TwoStageRun(swept(rig, tmp_path / "save", **changes)).fit()
    assert len(again.stages) == 3 * len(changes["seeds"])


def test_code_or_data_that_has_changed_since_the_start_trains_nothing(rig, tmp_path, alone):
    """A worker reads what it is to do from the folder of the run, and its key must come out the same."""
    from twostage.engine.remote.worker import CHANGED, train_one  # noqa: PLC0415 - torch is imported late here

    plan = alone.directory / "plan.json"
    before = plan.read_text(encoding="utf-8")
    key = alone.stages[1].key
    events = tmp_path / "events.jsonl"
    try:
        plan.write_text(before.replace(key, "0" * len(key)), encoding="utf-8")
        train_one(str(alone.directory), str(events), alone.stages[1].name)
    finally:
        plan.write_text(before, encoding="utf-8")
    (event,) = map(json.loads, events.read_text(encoding="utf-8").splitlines())
    assert (event["event"], event["message"]) == ("failed", CHANGED)


@pytest.mark.parametrize(
    ("text", "kind", "workers"), [("local", "local", None), ("local:3", "local", 3), ("slurm", "slurm", None)]
)
def test_the_command_line_chooses_an_executor(text, kind, workers):
    chosen = chosen_executor(text, None)
    assert (chosen.kind, getattr(chosen, "workers", None)) == (kind, workers)


def test_options_of_the_document_stay_for_the_executor_they_are_for():
    written = configs.SlurmExecutor(partition="gpu")
    assert chosen_executor("slurm", written) is written
    assert chosen_executor("local", written) == configs.LocalExecutor()
    assert chosen_executor("none", written) is None


@pytest.mark.parametrize("text", ["", "cloud", "local:0", "local:x", "slurm:3"])
def test_an_executor_that_is_none_is_refused(text):
    with pytest.raises(ExecutorError, match="write local, local:N with N processes, slurm, ray, or none"):
        chosen_executor(text, None)
