"""Runs over unusual splits: held-out systems and domains, no validation, nothing to compare."""

from __future__ import annotations

import json

import pytest
from rigs import document, write_rig

from twostage import TwoStageRun
from twostage.errors import DataError, TrainingError


def adaptation(**changes):
    return {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1} | changes


def test_a_held_out_system_is_tested_by_a_shared_head(rig, tmp_path):
    stage_2 = adaptation(
        targets=[{"systems": [1, 2, 3]}],
        head={"kind": "linear", "share": "shared"},
        split={"unit": "system", "test_systems": [3]},
    )
    (result,) = TwoStageRun(document(rig, tmp_path, stage_1=None, stage_2=stage_2)).fit().stages
    parts = json.loads((result.directory / "split.json").read_text())["parts"]
    assert {segment["system"] for segment in parts["test"]["segments"]} == {3}
    assert {segment["system"] for segment in parts["train"]["segments"]} == {1, 2}
    assert result.metrics["test/windows/3"] == 30 * 4
    assert "test/windows/1" not in result.metrics
    assert result.metrics["test/accuracy"] == result.metrics["test/accuracy/3"]


def test_a_held_out_domain_is_tested_in_each_system(rig, tmp_path):
    stage_2 = adaptation(targets=[{"systems": [2, 3]}], split={"unit": "domain", "last": 1})
    (result,) = TwoStageRun(document(rig, tmp_path, stage_1=None, stage_2=stage_2)).fit().stages
    parts = json.loads((result.directory / "split.json").read_text())["parts"]
    assert {segment["domain"] for segment in parts["test"]["segments"]} == {1}
    assert result.metrics["test/windows/2"] == result.metrics["test/windows/3"] == 15 * 4


def test_targets_are_adapted_to_one_by_one(rig, tmp_path):
    stage_2 = adaptation(targets=[{"system": 2}, {"system": 3}])
    stages = TwoStageRun(document(rig, tmp_path, stage_1=None, stage_2=stage_2)).fit().stages
    assert [stage.name for stage in stages] == [f"stage_2/seed-0/system-{i}/from_scratch" for i in (2, 3)]


def test_without_validation_the_training_loss_selects(rig, tmp_path):
    split = {"unit": "bearing", "train": 0.8, "validation": 0.0, "test": 0.2}
    checkpoint = {"monitor": "train/loss"}
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1, "split": split, "checkpoint": checkpoint}
    stage_2 = adaptation(split=split, checkpoint=checkpoint)
    summary = TwoStageRun(document(rig, tmp_path, stage_1=stage_1, stage_2=stage_2)).fit()
    assert not [name for stage in summary.stages for name in stage.metrics if name.startswith("validation")]
    assert "test-idle" in {notice.code for notice in summary.stages[0].notices}


def test_pairs_need_more_than_one_recording(tmp_path):
    rig = write_rig(tmp_path / "rig", systems=(1,), classes=1, bearings=1)
    split = {"unit": "recording", "train": 0.5, "validation": 0.5, "test": 0.0}
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1], "split": split}
    with pytest.raises(DataError, match="has nothing to tell it apart from"):
        TwoStageRun(document(rig, tmp_path / "save", stage_1=stage_1, stage_2=None)).fit()
    assert not (tmp_path / "save").exists()


def test_a_device_that_is_not_there_is_told_before_training(rig, tmp_path):
    with pytest.raises(TrainingError, match=r"trainer\.accelerator is mps"):
        TwoStageRun(document(rig, tmp_path / "save", trainer={"accelerator": "mps"})).fit()
    assert not (tmp_path / "save").exists()
