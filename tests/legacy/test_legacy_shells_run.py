"""Whole runs of the old entry points on synthetic rigs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from legacy_shell_rig import BACKBONES, EPISODES, FEWSHOT, METRIC, PRETRAIN, STAGES, SYNTHETIC, chosen, write

from twostage import pipeline
from twostage.config.load import load_document
from twostage.errors import TransferError, TwoStageError
from twostage.legacy import pipeline_02, pipeline_03, pipeline_04, run_unified_experiments
from twostage.legacy.earlier import earlier_runs

TINY = chosen(*SYNTHETIC)


def manifest(text):
    """The manifest of the run whose results were told last."""
    told = [line for line in text.splitlines() if line.startswith("Results: ")][-1]
    directory = Path(told.removeprefix("Results: "))
    return directory, json.loads((directory / "manifest.json").read_text(encoding="utf-8"))


@pytest.fixture
def run(capsys):
    """Run an entry point; the folder and the manifest of what it did."""

    def run(main, *arguments):
        main([*arguments, *TINY])
        return manifest(capsys.readouterr().out)

    return run


def digests(content):
    return {stage["name"]: stage["checkpoint_digest"] for stage in content["stages"]}


def test_pipeline_02_runs_a_pair(run, tmp_path):
    files = write(tmp_path, "one.yaml", PRETRAIN), write(tmp_path, "two.yaml", FEWSHOT)
    arguments = ["--config_path", files[0], "--fs_config_path", files[1], *chosen(*EPISODES)]
    directory, content = run(pipeline_02.main, *arguments, "--override", "environment.iterations=2")
    assert directory.is_relative_to(tmp_path / "save")
    names = [stage["name"] for stage in content["stages"]]
    assert content["status"] == "complete"
    assert sum(name.startswith("stage_1/") for name in names) == 2
    assert sum(name.startswith("stage_2/") for name in names) == 4
    assert all(stage["transfer"] for stage in content["stages"] if stage["name"].endswith("/pretrained"))


def test_pipeline_02_tells_notes_and_results(tmp_path, capsys):
    pipeline_02.main(["--config_path", write(tmp_path, "old.yaml", STAGES), *TINY])
    out, err = capsys.readouterr()
    assert "Test results" in out
    assert "note: override data.source.kind=synthetic" in err
    assert "stage_1/seed-1: epoch 1/1" in err


def test_fine_tuning_an_earlier_pretraining_is_the_complete_run(run, tmp_path):
    """One checkpoint per backbone is found through the manifest, and gives the same bits as running on."""
    path = write(tmp_path, "old.yaml", BACKBONES)
    _, complete = run(pipeline_03.main, "--config_path", path)
    first, pretrained = run(pipeline_03.main, "--config_path", path, "--stage", "pretraining")
    _, adapted = run(pipeline_03.main, "--config_path", path, "--stage", "finetuning", "--checkpoint_dir", str(first))
    assert set(digests(pretrained)) == {"stage_1/patchtst/seed-1", "stage_1/dlinear/seed-1"}
    assert len(digests(adapted)) == 6
    assert digests(pretrained) | digests(adapted) == digests(complete)
    for stage in adapted["stages"]:
        backbone = stage["branch"]["backbone"]
        assert stage["start"] == str(first / f"stage_1/{backbone}/seed-1/checkpoint.safetensors")


def test_fine_tuning_needs_a_run_with_every_backbone(run, tmp_path):
    path = write(tmp_path, "old.yaml", BACKBONES)
    one = BACKBONES.replace("[B_08_PatchTST, B_04_Dlinear]", "[B_08_PatchTST]")
    first, _ = run(pipeline_03.main, "--config_path", write(tmp_path, "one.yaml", one), "--stage", "pretraining")
    for folder, words in (
        (first, "lacks stage_1/patchtst/seed-1, stage_1/dlinear/seed-1"),
        (tmp_path / "gone", "no folder"),
    ):
        with pytest.raises(TwoStageError, match=words):
            run(pipeline_03.main, "--config_path", path, "--stage", "finetuning", "--checkpoint_dir", str(folder))
    (tmp_path / "empty").mkdir()
    with pytest.raises(TransferError, match="holds no run"):
        run(
            pipeline_03.main,
            "--config_path",
            path,
            "--stage",
            "finetuning",
            "--checkpoint_dir",
            str(tmp_path / "empty"),
        )
    (tmp_path / "empty/manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(TwoStageError, match="not the manifest"):
        earlier_runs(tmp_path / "empty")


def test_pipeline_04_keeps_the_notes_with_the_run(run, tmp_path):
    path = write(tmp_path, "old.yaml", METRIC)
    directory, content = run(pipeline_04.main, "--config_path", path, "--notes", "first try")
    assert "# note: first try\n" in (directory / "config.lock.yaml").read_text(encoding="utf-8")
    assert content["planned"][0] == "stage_1/seed-1"
    again = load_document(directory / "config.lock.yaml")
    assert again.config.data.source.kind == "synthetic"


def test_a_dry_run_shows_its_part_and_writes_nothing(tmp_path, capsys):
    path = write(tmp_path, "old.yaml", BACKBONES)
    pipeline_03.main(["--config_path", path, "--stage", "pretraining", "--dry-run", *TINY])
    out = capsys.readouterr().out
    assert "2 trainings" in out
    assert "stage_2/" not in out
    assert not (tmp_path / "save").exists()


def test_the_unified_entry_point_runs_old_and_new_documents_alike(run, tmp_path):
    directory, old = run(pipeline.main, "--config_path", write(tmp_path, "old.yaml", STAGES))
    pipeline_new = tmp_path / "new.yaml"
    pipeline_new.write_text((directory / "config.lock.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    _, new = run(pipeline.main, "--config_path", str(pipeline_new))
    assert digests(new) == digests(old)


def test_the_matrix_is_run_in_parts_and_its_status_told(run, tmp_path, capsys):
    arguments = ["--config", write(tmp_path, "old.yaml", METRIC), "--output_dir", str(tmp_path / "all")]
    unified = run_unified_experiments.main

    def status():
        unified([*arguments, "--mode", "status", *TINY])
        return capsys.readouterr().out

    before = status()
    assert "\n0 of " in before
    assert not (tmp_path / "all").exists()
    run(unified, *arguments, "--mode", "pretraining")
    between = status()
    assert "\n1 of " in between
    assert "missing: stage_2/" in between
    unified([*arguments, "--mode", "zero_shot_eval", *TINY])
    told = capsys.readouterr().out
    assert "Zero-shot accuracy" in told
    assert "Test results" not in told
    _, measured = manifest(told)
    assert all("zero_shot/knn/accuracy/1" in s["metrics"] or 1 not in s["systems"] for s in measured["stages"])
    assert {stage["variant"] for stage in measured["stages"]} == {"pretrained", "from_scratch"}
    assert "missing: stage_2/" in status()  # that was no fine-tuning
    run(unified, *arguments, "--mode", "finetuning")
    assert "missing" not in status()


def test_only_what_starts_from_a_run_takes_its_folder(tmp_path):
    path = write(tmp_path, "old.yaml", METRIC)
    with pytest.raises(TwoStageError, match="no effect with --mode complete"):
        run_unified_experiments.main(["--config", path, "--checkpoint_dir", str(tmp_path)])
