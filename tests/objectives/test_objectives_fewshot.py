"""Few-shot adaptation in whole runs: what is written is what runs, and keys have their effect."""

from __future__ import annotations

import json

import pytest
import torch
from rigs import document, write_rig
from safetensors.torch import load_file

from twostage import TwoStageRun
from twostage.config.load import load_config
from twostage.config.problems import DocumentError
from twostage.engine.planning.plan import make_plan
from twostage.engine.workshop import Workshop
from twostage.errors import DataError
from twostage.report.gains import rows
from twostage.report.manifest import read_stages

PRETRAINED = "stage_2/seed-0/system-3/pretrained"
SCRATCH = "stage_2/seed-0/system-3/from_scratch"
FEWSHOT = {"adapt_mode": "fewshot", "targets": [{"system": 3}], "queries": 4, "episodes": 10}
TRAINING = {"epochs": 1, "episodes_per_epoch": 10}


@pytest.fixture(scope="module")
def wide_rig(tmp_path_factory):
    """Ten bearings of each class, so that validation and test hold two."""
    return write_rig(tmp_path_factory.mktemp("wide"), bearings=10)


def run(rig, folder, *overrides, **stage_2):
    written = document(rig, folder, stage_2=FEWSHOT | stage_2)
    written["stage_1"]["epochs"] = 1
    return TwoStageRun(written, overrides=overrides).fit()


def first(rig, folder, *overrides, **stage_2):
    """The adaptation from scratch alone."""
    return (
        TwoStageRun(document(rig, folder, stage_1=None, stage_2=FEWSHOT | stage_2), overrides=overrides).fit().stages[0]
    )


@pytest.fixture(scope="module")
def summary(wide_rig, tmp_path_factory):
    return run(wide_rig, tmp_path_factory.mktemp("save"), **TRAINING)


def test_a_run_pretrains_adapts_by_episodes_and_has_its_control(summary):
    assert [result.name for result in summary.stages] == ["stage_1/seed-0", PRETRAINED, SCRATCH]
    for name in (PRETRAINED, SCRATCH):
        metrics = summary.stage(name).metrics
        for part in ("validation", "test"):
            assert {
                f"{part}/{key}" for key in ("loss", "accuracy", "accuracy_ci95", "macro_f1", "macro_f1_ci95")
            } <= set(metrics)
            assert metrics[f"{part}/episodes"] == 10
    assert summary.stage(PRETRAINED).transfer.encoder_share == 1.0


def test_the_report_reads_the_episodes(summary):
    (row,) = rows(read_stages(summary.directory))
    assert row.majority == pytest.approx(1 / 3)
    assert row.windows == 10 * 3 * 4
    assert row.pretrained["accuracy"].mean == summary.stage(PRETRAINED).metrics["test/accuracy"]


def test_the_default_monitor_chooses_the_epoch(wide_rig, tmp_path):
    result = first(wide_rig, tmp_path, epochs=3, episodes_per_epoch=5)
    log = (result.directory / "log" / "metrics.csv").read_text().splitlines()
    column = log[0].split(",").index("validation/accuracy")
    scores = [float(row.split(",")[column]) for row in log[1:] if row.split(",")[column]][:3]
    assert result.best_epoch == 1 + scores.index(max(scores))
    assert result.metrics["validation/accuracy"] == pytest.approx(max(scores))


def test_the_same_document_gives_the_same_bits(summary, wide_rig, tmp_path):
    again = run(wide_rig, tmp_path, **TRAINING)
    for result in summary.stages:
        assert (again.stage(result.name).digest, again.stage(result.name).metrics) == (result.digest, result.metrics)


def test_more_workers_load_the_same_episodes(summary, wide_rig, tmp_path):
    changed = run(wide_rig, tmp_path, "data.workers=1", **TRAINING)
    assert changed.stage(PRETRAINED).metrics == summary.stage(PRETRAINED).metrics


@pytest.mark.parametrize("method", [{"kind": "neighbours"}, {"kind": "linear_probe"}, {"kind": "finetune", "steps": 2}])
def test_what_answers_without_training_hands_the_encoder_on_unchanged(wide_rig, tmp_path, method):
    summary = run(wide_rig, tmp_path, method=method)
    before, result = load_file(summary.stages[0].checkpoint), summary.stage(PRETRAINED)
    after = load_file(result.checkpoint)
    assert all(torch.equal(before[name], after[name]) for name in after)
    assert (result.epochs, result.best_epoch) == (0, 0)
    assert 1 / 3 < result.metrics["test/accuracy"] <= 1.0
    assert [notice.code for notice in result.notices] == ["train-idle"]


@pytest.mark.parametrize(
    "override",
    [
        "stage_2.method={kind: matching}",
        "stage_2.method={kind: prototypical, distance: cosine}",
        "stage_2.method={kind: prototypical, temperature: 5.0}",
        "stage_2.ways=2",
        "stage_2.shots=[2]",
        "stage_2.queries=3",
        "stage_2.episodes_per_epoch=11",
        "stage_2.support_unit=recording",
        "stage_2.domains_per_episode=1",
        "stage_2.freeze.backbone=true",
        "stage_2.optimizer.lr=1e-2",
    ],
)
def test_a_key_of_the_training_has_an_effect(summary, wide_rig, tmp_path, override):
    usual = summary.stage(SCRATCH)
    changed = first(wide_rig, tmp_path, override, **TRAINING)
    assert (changed.digest != usual.digest, changed.key != usual.key) == (True, True)


def test_each_number_of_shots_is_an_adaptation_of_its_own(wide_rig, tmp_path):
    summary = run(wide_rig, tmp_path, method={"kind": "linear_probe"}, shots=[1, 3], control="none")
    one, three = summary.stages[1:]
    assert [stage.name.split("/")[-2] for stage in (one, three)] == ["shots-1", "shots-3"]
    assert one.metrics["test/loss"] != three.metrics["test/loss"]


@pytest.mark.parametrize("method", [{"kind": "linear_probe"}, {"kind": "finetune", "steps": 2}, {"kind": "matching"}])
def test_answers_are_computed_in_full_precision(wide_rig, tmp_path, method):
    """An encoder in bfloat16 gives rounded features; what follows is not rounded, and can be differentiated."""
    training = TRAINING if method["kind"] == "matching" else {}
    result = first(wide_rig, tmp_path, "trainer.precision=bf16-mixed", method=method, **training)
    assert 1 / 3 < result.metrics["test/accuracy"] <= 1.0


def test_systems_of_one_target_are_tasks_of_an_episode(wide_rig, tmp_path):
    several = {"targets": [{"systems": [2, 3]}], "method": {"kind": "linear_probe"}}
    both = first(wide_rig, tmp_path, **several).metrics
    one = first(wide_rig, tmp_path, systems_per_episode=1, **several).metrics
    assert both["test/accuracy"] == pytest.approx((both["test/accuracy/2"] + both["test/accuracy/3"]) / 2)
    assert one["test/episodes/2"] + one["test/episodes/3"] == one["test/episodes"] == both["test/episodes/2"] == 10


def test_a_system_that_is_never_trained_on_is_tested_by_episodes(wide_rig, tmp_path):
    split = {"unit": "system", "test_systems": [3], "validation_unit": "bearing", "validation": 0.3}
    metrics = first(wide_rig, tmp_path, targets=[{"systems": [1, 2, 3]}], split=split, **TRAINING).metrics
    assert "test/accuracy/3" in metrics
    assert not {"test/accuracy/1", "validation/accuracy/3"} & set(metrics)


@pytest.mark.parametrize(
    ("unit", "shared"), [("recording", "recordings of the same bearing"), ("window", "windows of the")]
)
def test_a_support_from_the_same_bearing_is_labelled(rig, tmp_path, unit, shared):
    """The small rig has one bearing of a class in validation and test."""
    changes = {"support_unit": unit, "queries": 2}
    result = first(rig, tmp_path, method={"kind": "linear_probe"}, **changes)
    (told,) = (notice for notice in result.notices if notice.code == "same-bearings")
    assert shared in told.message
    entries = json.loads((result.directory / "split.json").read_text())["notices"]
    assert "same-bearings" in {entry["code"] for entry in entries}


def test_too_few_bearings_are_told_before_anything_trains(rig, tmp_path):
    with pytest.raises(DataError, match="class 0 of system 3 has 1 bearing with 8 windows in the validation part"):
        TwoStageRun(document(rig, tmp_path, stage_2=FEWSHOT)).preview()


def test_a_monitor_that_is_never_logged_is_refused(wide_rig, tmp_path):
    with pytest.raises(DocumentError, match=r"checkpoint\.monitor validation/auroc is never logged by .* fewshot"):
        first(wide_rig, tmp_path, checkpoint={"monitor": "validation/auroc"})


@pytest.mark.parametrize("system", range(1, 8))
def test_the_synthetic_rigs_hold_episodes_by_bearing_in_the_default_split(system):
    """Notices or errors would come with the preparation; no signal is made."""
    written = {"stage_2": {"adapt_mode": "fewshot", "targets": [{"system": system}], "shots": [1, 5]}}
    config = load_config(written)
    stage = make_plan(config).stages[0]
    assert Workshop(config).prepare(stage).notices == ()
