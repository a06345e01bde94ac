"""Whole runs on a small rig: what is written is what runs, and every number can be traced."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from rigs import document
from safetensors.torch import load_file

from twostage import TwoStageError, TwoStageRun, make_plan, run_adapt, run_complete, run_pretrain, run_stage
from twostage.engine.inputs.loaders import StageLoaders
from twostage.engine.transfer.digest import tensors_digest
from twostage.errors import DataError, OutputError, SplitError, TrainingError, TransferError

PRETRAINED = "stage_2/seed-0/system-3/pretrained"
SCRATCH = "stage_2/seed-0/system-3/from_scratch"


@pytest.fixture(scope="module")
def summary(rig, tmp_path_factory):
    return TwoStageRun(document(rig, tmp_path_factory.mktemp("save"))).fit()


def weights(summary, name):
    return load_file(summary.stage(name).checkpoint)


def test_a_run_has_pretraining_adaptation_and_control(summary):
    assert [result.name for result in summary.stages] == ["stage_1/seed-0", PRETRAINED, SCRATCH]


def test_the_folder_follows_the_fields_layout(summary):
    metadata, model, task = summary.directory.parts[-3:]
    assert (metadata, model) == ("metadata", "hse_patchtst")
    assert task.startswith("contrastive-finetune_")


def test_every_stage_has_its_files(summary):
    for result in summary.stages:
        names = {path.name for path in result.directory.iterdir()}
        assert {"checkpoint.safetensors", "metrics.json", "split.json", "log", "tensorboard"} <= names
        assert ("transfer.json" in names) == (result.name == PRETRAINED)
        assert "epochs" not in names
    assert not list((summary.directory.parents[2] / ".store" / "scratch").iterdir())


def test_the_whole_encoder_travels_and_digests_prove_it(summary):
    transfer = summary.stage(PRETRAINED).transfer
    saved = weights(summary, "stage_1/seed-0")
    encoder = {name: tensor for name, tensor in saved.items() if not name.startswith("head.")}
    assert transfer.encoder_share == 1.0
    assert set(transfer.loaded) == set(encoder)
    assert transfer.digest_started == transfer.digest_saved == tensors_digest(encoder)
    assert all(name.startswith("head.") for name in transfer.new)


def test_the_manifest_describes_every_stage(summary):
    manifest = json.loads((summary.directory / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert [stage["name"] for stage in manifest["stages"]] == manifest["planned"]
    for entry, result in zip(manifest["stages"], summary.stages, strict=True):
        assert entry["checkpoint_digest"] == tensors_digest(weights(summary, result.name))
        assert entry["metrics"] == result.metrics
    assert len({entry["key"] for entry in manifest["stages"]}) == 3


def test_no_test_sample_was_trained_on(summary):
    """Read from the files alone: intervals of the test against all that any stage trained or selected on."""
    test = json.loads((summary.stage(PRETRAINED).directory / "split.json").read_text())["parts"]["test"]["segments"]
    used = [
        entry
        for name in ("stage_1/seed-0", PRETRAINED)
        for part in ("train", "validation")
        for entry in json.loads((summary.stage(name).directory / "split.json").read_text())["parts"][part]["segments"]
    ]
    assert test
    for entry in test:
        assert not [other for other in used if other["recording"] == entry["recording"]]


def test_the_same_document_gives_the_same_bits(summary, rig, tmp_path):
    again = TwoStageRun(document(rig, tmp_path)).fit()
    for result in summary.stages:
        assert again.stage(result.name).digest == result.digest
        assert again.stage(result.name).metrics == result.metrics
        assert again.stage(result.name).key == result.key


def test_another_seed_gives_other_bits_and_another_key(summary, rig, tmp_path):
    other = TwoStageRun(document(rig, tmp_path, seeds=[1])).fit()
    for ours, theirs in zip(summary.stages, other.stages, strict=True):
        assert ours.digest != theirs.digest
        assert ours.key != theirs.key
        assert ours.data_digest == theirs.data_digest


def test_the_control_differs_by_its_start_alone(summary):
    """Same split, same head, same order of batches: the only difference is the encoder's first weights."""
    ours, control = summary.stage(PRETRAINED), summary.stage(SCRATCH)
    assert (ours.directory / "split.json").read_text() == (control.directory / "split.json").read_text()
    assert ours.epochs == control.epochs
    assert ours.digest != control.digest
    assert control.transfer is None


def test_a_linear_probe_leaves_the_encoder_as_it_came(rig, tmp_path):
    stage_2 = {
        "adapt_mode": "finetune",
        "targets": [{"system": 3}],
        "epochs": 2,
        "freeze": {"embedding": True, "backbone": True},
    }
    summary = TwoStageRun(document(rig, tmp_path, stage_2=stage_2)).fit()
    before, after = weights(summary, "stage_1/seed-0"), weights(summary, PRETRAINED)
    encoder = [name for name in after if not name.startswith("head.")]
    assert all(torch.equal(before[name], after[name]) for name in encoder)
    assert set(summary.stage(PRETRAINED).transfer.frozen) == set(encoder)


def test_fine_tuning_changes_every_part(summary):
    before, after = weights(summary, "stage_1/seed-0"), weights(summary, PRETRAINED)
    changed = {name for name in after if name in before and not torch.equal(before[name], after[name])}
    assert {name.partition(".")[0] for name in changed} == {"embedding", "backbone"}


def test_the_test_loader_is_made_after_the_last_fit(rig, tmp_path, monkeypatch):
    calls = []
    for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
        original = getattr(StageLoaders, name)
        monkeypatch.setattr(StageLoaders, name, lambda self, n=name, o=original: calls.append(n) or o(self))
    TwoStageRun(document(rig, tmp_path, stage_1=None)).fit()
    assert calls.index("test_dataloader") == len(calls) - 1
    assert calls.count("test_dataloader") == 1


def test_reconstruction_pretrains_as_well(rig, tmp_path):
    stage_1 = {"pretrain_mode": "reconstruction", "systems": [1, 2], "epochs": 1, "mask": {"block": 32}}
    summary = run_complete(document(rig, tmp_path, stage_1=stage_1))
    assert summary.stage(PRETRAINED).transfer.encoder_share == 1.0
    assert np.isfinite(summary.stage("stage_1/seed-0").metrics["validation/loss"])


def test_stage_2_can_adapt_from_the_file_of_an_earlier_stage_1(summary, rig, tmp_path):
    """The result is the same, bit for bit, as when both stages run together."""
    first = run_pretrain(document(rig, tmp_path))
    assert [result.name for result in first.stages] == ["stage_1/seed-0"]
    second = run_adapt(document(rig, tmp_path), first.stages[0].checkpoint)
    assert second.stage(PRETRAINED).digest == summary.stage(PRETRAINED).digest


def test_a_single_stage_of_a_plan_runs_by_itself(summary, rig, tmp_path):
    control = make_plan(TwoStageRun(document(rig, tmp_path)).config).stages[-1]
    result = run_stage(control)
    assert result.name == SCRATCH
    assert result.checkpoint.is_file()
    assert result.metrics == summary.stage(SCRATCH).metrics


def test_seeds_repeat_the_whole_run(rig, tmp_path):
    summary = TwoStageRun(document(rig, tmp_path, seeds=[3, 4], stage_1=None)).fit()
    assert [result.name.split("/")[1] for result in summary.stages] == ["seed-3", "seed-4"]


def test_a_checkpoint_that_has_seen_the_test_is_refused(rig, tmp_path):
    """By content: the same recordings under another split would be tested."""
    split = {"unit": "bearing", "seed": 5}
    stage_1 = {"pretrain_mode": "contrastive", "systems": [3], "epochs": 1, "split": split}
    first = run_pretrain(document(rig, tmp_path, stage_1=stage_1, stage_2=None))
    with pytest.raises(TransferError, match="pretrained on samples"):
        run_adapt(document(rig, tmp_path), first.stages[0].checkpoint)


def test_pretraining_on_the_target_leaves_its_test_out(rig, tmp_path):
    stage_1 = {"pretrain_mode": "contrastive", "systems": [3], "epochs": 1}
    summary = TwoStageRun(document(rig, tmp_path, stage_1=stage_1)).fit()
    codes = {notice.code for notice in summary.stage("stage_1/seed-0").notices}
    assert "excluded-for-test" in codes


def test_a_monitor_that_is_never_logged_is_told_before_training(rig, tmp_path):
    """What the document alone does not tell: which systems a classifier of stage 1 has."""
    monitor = {"monitor": "validation/accuracy/7", "mode": "max"}
    stage_1 = {"pretrain_mode": "unified_metric", "checkpoint": monitor}
    with pytest.raises(TrainingError, match=r"never logs checkpoint\.monitor 'validation/accuracy/7'"):
        TwoStageRun(document(rig, tmp_path / "save", stage_1=stage_1)).fit()
    assert not list((tmp_path / "save").rglob("*"))


def test_a_loss_that_is_no_number_stops_the_run(rig, tmp_path):
    stage_1 = {
        "pretrain_mode": "reconstruction",
        "systems": [1],
        "epochs": 3,
        "optimizer": {"kind": "sgd", "lr": 1e30},
    }
    with pytest.raises(TrainingError, match=r"the training loss of stage_1/seed-0 is (nan|inf)"):
        TwoStageRun(document(rig, tmp_path, stage_1=stage_1)).fit()
    (manifest,) = tmp_path.rglob("manifest.json")
    content = json.loads(manifest.read_text())
    (failure,) = content["failures"]
    assert (content["status"], content["stages"], failure["name"]) == ("failed", [], "stage_1/seed-0")
    assert "TrainingError: the training loss of stage_1/seed-0" in Path(failure["log"]).read_text()


def test_an_unknown_system_is_told_with_those_that_exist(rig, tmp_path):
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 9}]}
    with pytest.raises(DataError, match=r"Dataset_id \[9\]; it holds \[1, 2, 3\]"):
        TwoStageRun(document(rig, tmp_path, stage_2=stage_2)).fit()


def test_a_preview_writes_nothing(rig, tmp_path):
    stages = TwoStageRun(document(rig, tmp_path / "save")).preview()
    assert [stage.name for stage in stages] == ["stage_1/seed-0", PRETRAINED, SCRATCH]
    assert stages[1].windows == (4 * 18, 4 * 6, 4 * 6)
    assert not (tmp_path / "save").exists()


@pytest.mark.parametrize("missing", [1, 2])
def test_complete_needs_both_stages(rig, tmp_path, missing):
    with pytest.raises(TwoStageError, match=f"has no stage_{missing}"):
        run_complete(document(rig, tmp_path, **{f"stage_{missing}": None}))


def test_a_folder_that_cannot_be_made_is_told(rig, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        TwoStageRun(document(rig, tmp_path / "file" / "save")).fit()


def test_a_run_that_fails_in_stage_2_keeps_stage_1(rig, tmp_path):
    stage_2 = {
        "adapt_mode": "finetune",
        "targets": [{"system": 3}],
        "epochs": 3,
        "optimizer": {"kind": "sgd", "lr": 1e30},
    }
    with pytest.raises(TrainingError):
        TwoStageRun(document(rig, tmp_path, stage_2=stage_2)).fit()
    (manifest,) = tmp_path.rglob("manifest.json")
    content = json.loads(manifest.read_text())
    assert content["status"] == "failed"
    assert [stage["name"] for stage in content["stages"]] == ["stage_1/seed-0"]
    assert not (manifest.parent / "stage_2").exists()


def test_copies_across_parts_are_refused(rig_copy, tmp_path):
    """Two rows of the table that hold the same samples must not stand on both sides of a split."""
    import h5py  # noqa: PLC0415

    with h5py.File(rig_copy / "RIG_3.h5", "a") as file:
        first = file["3000"][()]
        for key in file:
            if key.startswith("30"):
                file[key][...] = first
    with pytest.raises(SplitError, match="hold the same samples bit for bit"):
        TwoStageRun(document(rig_copy, tmp_path, stage_1=None)).fit()


def test_a_sample_that_is_no_number_is_named(rig_copy, tmp_path):
    import h5py  # noqa: PLC0415

    with h5py.File(rig_copy / "RIG_1.h5", "a") as file:
        file["1000"][123, 0] = np.nan
    with pytest.raises(DataError, match="recording 1000 of RIG_1 holds nan at sample 123, channel 0"):
        TwoStageRun(document(rig_copy, tmp_path / "save")).fit()
    assert not list((tmp_path / "save").rglob("*"))


@pytest.mark.parametrize("label", ["", "-1"])
def test_a_target_without_labels_is_told_or_left_out_as_written(rig_copy, tmp_path, label):
    table = (rig_copy / "metadata.csv").read_text().splitlines()
    table = [line.replace(",RIG_3,0,", f",RIG_3,{label},") if line.startswith("3000,") else line for line in table]
    (rig_copy / "metadata.csv").write_text("\n".join(table))
    with pytest.raises(DataError, match="1 of 30 recordings have no label"):
        TwoStageRun(document(rig_copy, tmp_path, stage_1=None)).fit()
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1, "unlabelled": "exclude"}
    summary = TwoStageRun(document(rig_copy, tmp_path, stage_1=None, stage_2=stage_2)).fit()
    assert "unlabelled-excluded" in {notice.code for notice in summary.stages[0].notices}
