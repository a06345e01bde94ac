"""Whole runs with stage 1 unified_metric and with zero-shot evaluation."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from rich.console import Console
from rigs import document

from twostage import TwoStageRun, load_config
from twostage.config.problems import DocumentError
from twostage.engine.inputs.loaders import StageLoaders
from twostage.errors import DataError, TrainingError
from twostage.report.tables import summary_view

STAGE_1 = {"pretrain_mode": "unified_metric", "systems": [1, 2], "epochs": 1}
STAGE_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1}
PRETRAINED = "stage_2/seed-0/system-3/pretrained"
SCRATCH = "stage_2/seed-0/system-3/from_scratch"


def run(rig, output, *overrides, **changes):
    return TwoStageRun(document(rig, output, **{"stage_1": STAGE_1, "stage_2": STAGE_2} | changes), overrides=overrides)


@pytest.fixture(scope="module")
def summary(rig, tmp_path_factory):
    stage_1 = STAGE_1 | {"checkpoint": {"monitor": "validation/accuracy"}, "zero_shot": {"neighbours": 3}}
    return run(rig, tmp_path_factory.mktemp("save"), stage_1=stage_1).fit()


def test_it_pretrains_on_labels_and_hands_on_the_whole_encoder(summary):
    first = summary.stage("stage_1/seed-0")
    assert {"validation/loss", "validation/accuracy", "validation/macro_f1/2"} <= set(first.metrics)
    assert first.metrics["validation/windows/1"] == 24
    assert summary.stage(PRETRAINED).transfer.encoder_share == 1.0


def test_the_log_holds_each_term_of_the_loss(summary):
    header = (summary.stage("stage_1/seed-0").directory / "log" / "metrics.csv").read_text().splitlines()[0]
    assert {"train/metric_loss", "validation/classification_loss"} <= set(header.split(","))


def test_zero_shot_stands_beside_the_fine_tuned_numbers_of_both_variants(summary):
    for name in (PRETRAINED, SCRATCH):
        metrics = summary.stage(name).metrics
        assert metrics["zero_shot/knn/windows/3"] == metrics["test/windows/3"]
        assert 0.0 <= metrics["zero_shot/prototype/accuracy"] <= 1.0
        stored = json.loads((summary.stage(name).directory / "metrics.json").read_text())
        assert np.sum(stored["zero_shot"]["prototype/confusion/3"]) == metrics["test/windows/3"]
    assert not [name for name in summary.stage("stage_1/seed-0").metrics if name.startswith("zero_shot")]


def test_zero_shot_is_shown_in_the_report(summary):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(summary_view(summary.directory))
    text = console.export_text()
    assert "Zero-shot accuracy" in text
    assert f"{summary.stage(PRETRAINED).metrics['zero_shot/knn/accuracy/3']:.1%}" in text


def test_measuring_changes_no_weight(rig, tmp_path, summary):
    """The same run without zero_shot gives the same bits; another number of neighbours other keys."""
    monitor = {"checkpoint": {"monitor": "validation/accuracy"}}
    plain = run(rig, tmp_path / "a", stage_1=STAGE_1 | monitor).fit()
    for result in summary.stages:
        assert plain.stage(result.name).digest == result.digest
    assert plain.stage(PRETRAINED).key != summary.stage(PRETRAINED).key


def test_the_test_is_read_after_the_last_epoch(rig, tmp_path, monkeypatch):
    calls = []
    for name in ("train_dataloader", "every"):
        original = getattr(StageLoaders, name)
        monkeypatch.setattr(
            StageLoaders, name, lambda self, *a, n=name, o=original: calls.append((n, *a)) or o(self, *a)
        )
    run(rig, tmp_path, "stage_1.zero_shot={}", stage_2=None).fit()
    assert calls[-2:] == [("every", "train"), ("every", "test")]
    assert len([call for call in calls if call[0] == "every"]) == 2


def test_zero_shot_is_of_the_encoder_before_it_adapts(rig, tmp_path, summary):
    """A ruinous fine-tuning leaves the numbers as they are."""
    stage_1 = STAGE_1 | {"checkpoint": {"monitor": "validation/accuracy"}, "zero_shot": {"neighbours": 3}}
    other = run(rig, tmp_path, "stage_2.optimizer={kind: sgd, lr: 1.0}", stage_1=stage_1).fit()
    ours, theirs = (
        {name: value for name, value in each.stage(PRETRAINED).metrics.items() if name.startswith("zero_shot")}
        for each in (summary, other)
    )
    assert ours == theirs
    assert summary.stage(PRETRAINED).digest != other.stage(PRETRAINED).digest


def test_without_stage_2_the_test_part_of_stage_1_is_measured(rig, tmp_path):
    result = run(rig, tmp_path, stage_1=STAGE_1 | {"zero_shot": {}}, stage_2=None).fit().stages[0]
    assert result.metrics["zero_shot/knn/windows/2"] > 0
    assert "test-idle" not in {notice.code for notice in result.notices}


def test_any_pretraining_can_be_measured_on_the_targets(rig, tmp_path):
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1, "zero_shot": {"neighbours": 1}}
    summary = run(rig, tmp_path, stage_1=stage_1).fit()
    assert "zero_shot/prototype/macro_f1" in summary.stage(PRETRAINED).metrics


@pytest.mark.parametrize(
    "stage_1",
    [
        {"pretrain_mode": "contrastive", "pairing": "class", "loss": {"kind": "supcon"}},
        {"pretrain_mode": "contrastive", "loss": {"kind": "barlow_twins"}},
        {"pretrain_mode": "contrastive", "pairing": "views", "loss": {"kind": "vicreg"}},
        {"pretrain_mode": "contrastive", "loss": {"kind": "triplet"}},
        {"pretrain_mode": "unified_metric", "metric": {"kind": "nt_xent"}, "augmentations": [{"kind": "noise"}]},
        {"pretrain_mode": "unified_metric", "metric": {"kind": "prototypical"}, "metric_weight": 0.15},
        {"pretrain_mode": "unified_metric", "metric_weight": 0.0},
        {
            "pretrain_mode": "unified_metric",
            "head": {"kind": "linear", "share": "shared"},
            "positives": "class_across_systems",
        },
    ],
    ids=lambda stage_1: "-".join(str(value) for value in stage_1.values() if isinstance(value, str)),
)
def test_every_loss_trains_in_a_run(rig, tmp_path, stage_1):
    result = run(rig, tmp_path, stage_1=stage_1 | {"systems": [1, 2], "epochs": 1}, stage_2=None).fit().stages[0]
    assert np.isfinite(result.metrics["validation/loss"])


@pytest.mark.parametrize(
    "override",
    [
        "stage_1.metric={kind: supcon, temperature: 0.5}",
        "stage_1.metric={kind: triplet}",
        "stage_1.metric={kind: triplet, miner: all}",
        "stage_1.metric_weight=0.15",
        "stage_1.classification_weight=0.5",
        "stage_1.augmentations=[{kind: noise}]",
        "stage_1.projection.dim=8",
        "stage_1.head={kind: linear, share: shared}",
    ],
)
def test_a_key_of_unified_metric_has_an_effect(rig, tmp_path, summary, override):
    changed = run(rig, tmp_path, override, stage_2=None).fit().stages[0]
    assert changed.digest != summary.stage("stage_1/seed-0").digest


def unlabelled(rig_copy, system="1"):
    name, first = f"RIG_{system}", f"{system}000,"
    table = (rig_copy / "metadata.csv").read_text().splitlines()
    table = [line.replace(f",{name},0,", f",{name},,") if line.startswith(first) else line for line in table]
    (rig_copy / "metadata.csv").write_text("\n".join(table))


def test_recordings_without_a_label_are_told_or_left_out_as_written(rig_copy, tmp_path):
    unlabelled(rig_copy)
    with pytest.raises(DataError, match=r"1 of 60 recordings have no label.*stage_1.unlabelled: exclude"):
        run(rig_copy, tmp_path, stage_2=None).fit()
    result = run(rig_copy, tmp_path, "stage_1.unlabelled=exclude", stage_2=None).fit().stages[0]
    assert "unlabelled-excluded" in {notice.code for notice in result.notices}


def test_a_batch_in_which_nothing_belongs_together_ends_the_run(rig, tmp_path):
    with pytest.raises(TrainingError, match="no two of the 2 windows of a batch belong together"):
        run(rig, tmp_path, "data.batch_size=2", "stage_1.sampler={kind: shuffled}", stage_2=None).fit()


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data.batch_size=1"], "unified_metric pretraining compares windows of one batch, but data.batch_size is 1"),
        (["stage_1={pretrain_mode: reconstruction, zero_shot: {}}", "stage_2=null"], "stage_1.zero_shot needs classes"),
        (
            [
                "stage_1.zero_shot.missing=error",
                "stage_2=null",
                "stage_1.split={unit: recording, train: 0.8, test: 0.0}",
            ],
            "stage_1.zero_shot needs a test part",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_in_the_document(rig, tmp_path, overrides, message):
    written = document(rig, tmp_path, stage_1=STAGE_1, stage_2=STAGE_2)
    with pytest.raises(DocumentError, match=message):
        load_config(written, overrides=overrides)


def test_it_is_measured_by_default_before_the_targets_and_off_where_it_is_written(rig, tmp_path):
    found = run(rig, tmp_path / "a", "stage_2.control=none").fit().stages[1].metrics
    assert found["zero_shot/prototype/windows/3"] == found["test/windows/3"]
    off = run(rig, tmp_path / "b", "stage_2.control=none", "stage_1.zero_shot=null").fit().stages[1].metrics
    assert {name: value for name, value in found.items() if not name.startswith("zero_shot/")} == off


def test_what_cannot_be_measured_is_told_or_refused_as_written(rig, tmp_path):
    """One window of each recording: fewer train than vote. What is refused is refused before anything trains."""
    split = "stage_2.split={unit: recording, train: 0.1, validation: 0.3, test: 0.6}"
    few = ["data.window.per_recording=1", "stage_2.control=none", split]
    summary = run(rig, tmp_path / "a", *few).fit()
    (told,) = [each.message for each in summary.stages[1].notices if each.code == "zero-shot-idle"]
    assert "3 training windows are fewer than zero_shot.neighbours (5)" in told
    assert not [name for name in summary.stages[1].metrics if name.startswith("zero_shot/")]
    with pytest.raises(DataError, match="3 training windows are fewer") as caught:
        run(rig, tmp_path / "b", *few, "stage_1.zero_shot.missing=error").fit()
    assert not list((tmp_path / "b").rglob("checkpoint.safetensors")), caught.value


def test_windows_without_a_class_have_no_say(rig_copy, tmp_path):
    unlabelled(rig_copy, "3")
    tasks = {"adapt_mode": "multitask", "tasks": {"classification": {}, "signal_prediction": {"length": 32}}}
    stage_2 = tasks | {"targets": [{"system": 3}], "epochs": 1, "control": "none"}
    adapted = run(rig_copy, tmp_path, stage_2=stage_2).fit().stages[1]
    assert "zero_shot/prototype/accuracy/3" in adapted.metrics
