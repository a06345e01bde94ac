"""Several processes that train one stage: the same bits each time, and every window measured once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from rigs import document

from twostage import TwoStageRun
from twostage.config.document import TwoStageConfig
from twostage.data.episodes import EpisodeNumbers
from twostage.engine.observer import Silent
from twostage.errors import TrainingError


class Told(Silent):
    def __init__(self):
        self.epochs = []

    def epoch_done(self, stage, *, epoch, metrics):
        self.epochs.append((stage.name, epoch, sorted(metrics)))


def run(rig, output, devices, observer=None, **changes):
    """A backbone with running statistics, and heads of two systems, one of which a batch may lack."""
    stage_2 = {"adapt_mode": "finetune", "targets": [{"systems": [2, 3]}], "epochs": 2, "control": "none"}
    trainer = {"accelerator": "cpu", "devices": devices}
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


def test_two_processes_train_to_the_same_bits_each_time_and_count_every_window_once(rig, tmp_path):
    told = Told()
    (single,) = run(rig, tmp_path / "alone", 1).stages
    (first,), (again,) = (run(rig, tmp_path / name, 2, told).stages for name in ("first", "again"))
    compare(first, again, single)
    assert first.metrics["test/windows/3"] > 0
    assert [epoch for _, epoch, _ in told.epochs] == [1, 2, 1, 2]
    assert all("validation/loss" in metrics for _, _, metrics in told.epochs)


FEW = {"adapt_mode": "fewshot", "support_unit": "recording", "queries": 2, "episodes": 3, "episodes_per_epoch": 2}
TASKS = {"adapt_mode": "multitask", "tasks": {"classification": {}, "signal_prediction": {}}}


@pytest.mark.long
@pytest.mark.parametrize("stage_2", [FEW, TASKS], ids=["fewshot", "multitask"])
def test_every_kind_of_stage_does_so(rig, tmp_path, stage_2):
    stages = {
        "stage_1": {"pretrain_mode": "contrastive", "pairing": "recording", "systems": [1], "epochs": 1},
        "stage_2": {"targets": [{"system": 3}], "epochs": 1, "control": "none", **stage_2},
    }
    found = [run(rig, tmp_path / str(place), devices, **stages).stages for place, devices in enumerate((2, 2, 1))]
    for one, other, single in zip(*found, strict=True):
        compare(one, other, single)


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


def test_a_machine_has_one_metal_device():
    with pytest.raises(ValidationError, match="one device of the kind mps"):
        TwoStageConfig.model_validate(
            {"stage_1": {"pretrain_mode": "contrastive"}, "trainer": {"accelerator": "mps", "devices": 2}}
        )
