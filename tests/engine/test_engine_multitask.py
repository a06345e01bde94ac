"""Whole runs with several tasks, and what a target lacks: an error, or told."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pandas as pd
import pytest
from rigs import document, write_rig

from twostage import TwoStageRun, make_plan
from twostage.components import build
from twostage.engine.inputs.preparation import Preparation
from twostage.errors import DataError, SplitError, TrainingError

ALL = {
    "classification": {},
    "anomaly_detection": {"class_weights": [1.0, 2.0]},
    "rul_prediction": {},
    "signal_prediction": {"length": 32},
}
PRETRAINED = "stage_2/seed-0/system-3/pretrained"
LABELS = ("classification", "anomaly_detection")


@pytest.fixture(scope="module")
def living(tmp_path_factory):
    """A rig whose table has remaining lives."""
    return write_rig(tmp_path_factory.mktemp("living"), lives=True)


@pytest.fixture
def spoilt(living, tmp_path):
    """The same, with a table to be changed."""
    root = shutil.copytree(living, tmp_path / "rig")

    def change(**columns):
        table = pd.read_csv(root / "metadata.csv")
        for name, of in columns.items():
            table[name] = table.apply(of, axis=1)
        table.to_csv(root / "metadata.csv", index=False)
        return root

    return change


def run(rig, output, *names, stage_1=None, tasks=ALL, **changes):
    """A run of one epoch on these tasks (none named: all) of system 3."""
    chosen = {name: tasks[name] for name in names or tasks}
    stage_2 = {"adapt_mode": "multitask", "targets": [{"system": 3}], "epochs": 1, "tasks": chosen} | changes
    return TwoStageRun(document(rig, output, stage_1=stage_1, stage_2=stage_2))


def prepared(rig, *names, **changes):
    """The data of the first adaptation; nothing is trained."""
    config = run(rig, "save", *names, **changes).config
    return Preparation(config, build(config.data.source), {}).prepare(make_plan(config).stages[0])


def codes(data):
    return [notice.code for notice in data.notices]


@pytest.fixture(scope="module")
def summary(living, tmp_path_factory):
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1, 2], "epochs": 1}
    return run(living, tmp_path_factory.mktemp("save"), stage_1=stage_1).fit()


def test_all_tasks_train_in_one_model_and_are_measured(summary):
    metrics = summary.stage(PRETRAINED).metrics
    for part in ("validation", "test"):
        for name in ("accuracy/3", "auroc", "anomaly_detection/auroc/3", "anomaly_detection/f1"):
            assert 0.0 <= metrics[f"{part}/{name}"] <= 1.0
        for name in (
            "rul_prediction/rmse",
            "rul_prediction/nasa_score/3",
            "signal_prediction/mse",
            "signal_prediction/mae",
        ):
            assert metrics[f"{part}/{name}"] > 0.0
        total = sum(metrics[f"{part}/{name}/loss"] for name in ALL)
        assert metrics[f"{part}/loss"] == pytest.approx(total, rel=1e-5)
        assert metrics[f"{part}/rul_prediction/windows/3"] == metrics[f"{part}/windows/3"] == 24
    assert all(math.isfinite(value) for value in metrics.values())


def test_the_whole_encoder_travels_and_each_task_has_a_head(summary):
    transfer = summary.stage(PRETRAINED).transfer
    assert transfer.encoder_share == 1.0
    assert {name.split(".")[2] for name in transfer.new} == set(ALL)


def test_the_same_document_gives_the_same_bits(summary, living, tmp_path):
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1, 2], "epochs": 1}
    again = run(living, tmp_path, stage_1=stage_1).fit()
    assert [result.digest for result in again.stages] == [result.digest for result in summary.stages]


def test_a_task_without_targets_is_left_out_and_told(rig, tmp_path):
    (result,) = run(rig, tmp_path, missing="skip").fit().stages
    told = {notice.code: notice.message for notice in result.notices}
    assert "rul_prediction is left out on system 3" in told["task-skipped"]
    assert "column RUL_label" in told["task-skipped"]
    assert not [name for name in result.metrics if "rul" in name]
    assert result.metrics["test/loss"] == pytest.approx(
        sum(result.metrics[f"test/{name}/loss"] for name in ALL if name != "rul_prediction"), rel=1e-5
    )


def test_a_task_without_targets_is_an_error_unless_the_document_says_otherwise(rig):
    with pytest.raises(
        DataError, match=r"system 3: tasks\.rul_prediction cannot be trained: .* stage_2\.missing: skip"
    ):
        prepared(rig)


def test_nothing_left_to_train_is_an_error(rig):
    with pytest.raises(DataError, match="none of the tasks rul_prediction can be trained on system 3"):
        prepared(rig, "rul_prediction", missing="skip")


def test_targets_with_tasks_of_their_own_are_trainings_of_their_own(living, tmp_path):
    targets = [
        {"system": 3, "tasks": ["anomaly_detection"]},
        {"system": 3, "tasks": ["signal_prediction"]},
        {"system": 3},
    ]
    summary = run(living, tmp_path, *LABELS, "signal_prediction", targets=targets).fit()
    anomaly, signal, both = summary.stages
    assert len({result.name for result in summary.stages}) == len({result.key for result in summary.stages}) == 3
    losses = [
        {name for name in each.metrics if name.startswith("test/") and name.endswith("loss")} for each in summary.stages
    ]
    expected = (anomaly.stage.target.tasks, signal.stage.target.tasks, (*LABELS, "signal_prediction"))
    assert losses == [{"test/loss", *(f"test/{name}/loss" for name in tasks)} for tasks in expected]
    assert anomaly.digest != signal.digest != both.digest


def test_a_monitor_of_a_task_that_is_skipped_is_told(rig, tmp_path):
    checkpoint = {"monitor": "validation/rul_prediction/rmse"}
    with pytest.raises(TrainingError, match=r"never logs checkpoint\.monitor 'validation/rul_prediction/rmse'"):
        run(rig, tmp_path, *LABELS, "rul_prediction", missing="skip", checkpoint=checkpoint).fit()


def test_class_weights_of_the_wrong_number_are_told_before_training(living):
    tasks = {"classification": {"class_weights": [1.0, 2.0]}}
    with pytest.raises(DataError, match="class_weights has 2 numbers, but system 3 has 3 classes"):
        prepared(living, tasks=tasks)


def test_recordings_without_a_label_train_what_needs_none(spoilt):
    root = spoilt(Label=lambda row: -1 if row["Id"] % 10 == 1 else row["Label"])
    data = prepared(root)
    assert len(data.recordings) == 30
    unlabelled = np.array([recording.label is None for recording in data.recordings])
    assert unlabelled.sum() == 15
    assert np.array_equal(data.targets.anomaly != data.targets.anomaly, unlabelled)
    assert np.array_equal(data.class_indices == -1, unlabelled)
    assert np.isfinite(data.targets.rul).all()


def test_recordings_without_any_target_are_left_out(spoilt):
    root = spoilt(Label=lambda row: -1 if row["Id"] % 10 == 1 else row["Label"])
    data = prepared(root, *LABELS)
    assert len(data.recordings) == 15
    assert "no-target" in codes(data)


def test_recordings_without_a_label_are_refused_or_excluded_where_that_is_written(spoilt):
    root = spoilt(Label=lambda row: -1 if row["Id"] % 10 == 1 else row["Label"])
    with pytest.raises(DataError, match="15 of 30 recordings have no label"):
        prepared(root, unlabelled="error")
    data = prepared(root, unlabelled="exclude")
    assert len(data.recordings) == 15
    assert "unlabelled-excluded" in codes(data)


def test_a_class_that_is_tested_but_not_trained_is_refused_among_unlabelled_recordings_too(spoilt):
    root = spoilt(Label=lambda row: -1 if row["Label"] == 2 and row["Domain_id"] == 0 else row["Label"])
    with pytest.raises(SplitError, match="the test part holds classes that training does not: system 3 class 2"):
        prepared(root, split={"unit": "domain", "test_domains": [1], "validation": 0.2})


def test_the_flags_of_the_table_count(spoilt):
    root = spoilt(Remaining_Life=lambda row: 0, Fault_Diagnosis=lambda row: "yes")
    with pytest.raises(DataError, match="the table says of 30 of its recordings that they are not meant for it"):
        prepared(root)
    assert prepared(root, missing="skip").targets.tasks == ("classification", "anomaly_detection", "signal_prediction")


def test_every_part_of_the_split_needs_targets(spoilt):
    """Lives of one bearing cannot be trained and tested."""
    root = spoilt(RUL_label=lambda row: 5.0 if row["Bearing_id"] == "3-0-0" else math.nan)
    with pytest.raises(DataError, match=r"tasks\.rul_prediction cannot be trained: .* part of the split"):
        prepared(root)
    data = prepared(root, missing="skip")
    assert "rul_prediction" not in data.targets.tasks
    assert "task-skipped" in codes(data)


def test_a_system_without_targets_beside_one_with_is_told(spoilt):
    root = spoilt(RUL_label=lambda row: math.nan if row["Dataset_id"] == 2 else row["RUL_label"])
    targets = [{"systems": [2, 3]}]
    with pytest.raises(DataError, match="nothing of system 2 is a target of it"):
        prepared(root, targets=targets)
    data = prepared(root, targets=targets, missing="skip")
    assert "rul_prediction" in data.targets.tasks
    assert "task-partly-skipped" in codes(data)
    assert [r.system for r, life in zip(data.recordings, data.targets.rul, strict=True) if np.isnan(life)] == [2] * 30


def test_a_system_with_one_class_is_masked_beside_one_with_several(spoilt, tmp_path):
    """It has no output of its own, and its windows are no part of the loss."""
    root = spoilt(Label=lambda row: 0 if row["Dataset_id"] == 2 else row["Label"])
    (result,) = run(root, tmp_path, targets=[{"systems": [2, 3]}], missing="skip").fit().stages
    assert "test/accuracy/3" in result.metrics
    assert "test/accuracy/2" not in result.metrics
    assert result.metrics["test/rul_prediction/windows/2"] > 0


def test_lives_are_scaled_by_training_alone_or_as_written(living):
    data = prepared(living)
    trained = {segment.recording for segment in data.split.parts["train"]}
    assert data.targets.rul_scale == max(r.rul for r in data.recordings if r.id in trained)
    for written, scale in (({"max_rul": 200.0}, 200.0), ({"normalize_targets": False}, 1.0)):
        assert prepared(living, tasks={"rul_prediction": written}).targets.rul_scale == scale


def test_a_scale_that_hides_the_targets_is_told(living):
    data = prepared(living, tasks={"rul_prediction": {"max_rul": 20_000.0}})
    assert codes(data)[0] == "rul-scale"
    assert "all targets are close to 0" in data.notices[0].message


@pytest.fixture(scope="module")
def usual(living, tmp_path_factory):
    return run(living, tmp_path_factory.mktemp("usual")).fit().stages[0]


@pytest.mark.parametrize(
    "change",
    [
        ("classification", "weight", 3.0),
        ("classification", "label_smoothing", 0.2),
        ("classification", "head", {"kind": "distance"}),
        ("anomaly_detection", "class_weights", [1.0, 9.0]),
        ("rul_prediction", "max_rul", 60.0),
        ("rul_prediction", "normalize_targets", False),
        ("signal_prediction", "length", 64),
        (None, "weighting", "uncertainty"),
    ],
)
def test_what_is_written_changes_what_is_learnt(usual, living, tmp_path, change):
    task, key, value = change
    tasks = ALL if task is None else ALL | {task: ALL[task] | {key: value}}
    changed = run(living, tmp_path, tasks=tasks, **({key: value} if task is None else {})).fit().stages[0]
    assert changed.digest != usual.digest


def test_a_threshold_changes_what_is_an_alarm(usual, living, tmp_path):
    tasks = ALL | {"anomaly_detection": ALL["anomaly_detection"] | {"threshold": 0.999}}
    (changed,) = run(living, tmp_path, tasks=tasks).fit().stages
    assert changed.digest == usual.digest
    assert changed.metrics["test/anomaly_detection/f1"] == 0.0 < usual.metrics["test/anomaly_detection/f1"]
