"""The health check: what it finds on a machine, and that its short training is short and leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from legacy_shell_rig import EPISODES, FEWSHOT, METRIC, STAGES, SYNTHETIC, chosen, write
from rigs import document

from twostage.config.load import load_config
from twostage.legacy import quick_validate
from twostage.legacy.health import health, shortened


@pytest.fixture
def validate(capsys):
    """Run the check: exit code and the lines that it prints."""

    def validate(path, *arguments, mode="health_check"):
        with pytest.raises(SystemExit) as caught:
            quick_validate.main(["--mode", mode, "--config", str(path), *arguments])
        return caught.value.code, capsys.readouterr().out.splitlines()

    return validate


@pytest.fixture
def written(rig, tmp_path):
    def written(root=rig, **changes):
        file = tmp_path / "document.yaml"
        file.write_text(json.dumps(document(root, tmp_path / "save", **changes)), encoding="utf-8")
        return file

    return written


def failures(lines):
    return [line for line in lines if line.startswith("FAIL")]


def test_a_document_that_can_run_is_told_with_what_it_found(validate, written, tmp_path, rig):
    before = sorted(tmp_path.rglob("*"))
    code, lines = validate(written())
    text = "\n".join(lines)
    assert (code, failures(lines)) == (0, [])
    assert f"PASS files: {rig} has metadata.csv" in text
    assert [line for line in lines if "systems" in line and "30 recordings, 3 classes" in line]
    assert "stage_2: 256 samples per window, 2000 in the shortest recording" in text
    assert "MiB of memory are free" in text
    assert "checkpoints need about" in text
    assert "PASS device" in text
    assert sorted(tmp_path.rglob("*")) == [*before, written()]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("data.source.root=gone", "files: the data folder"),
        ("data.source.metadata=gone.xlsx", "files: there is no metadata table gone.xlsx"),
        ("stage_1.systems=[1,77]", "systems: "),
        ("data.window.length=4096", "window: stage_1: 4096 samples per window, 2000 in the shortest"),
        ("data.batch_size=100000000000", "memory: the largest training needs at least"),
        ("trainer.accelerator=mps", "device: trainer.accelerator is mps"),
        ("stage_1.epochs=0", "document: "),
    ],
)
def test_what_is_wrong_here_fails_by_its_name(validate, written, option, words):
    code, lines = validate(written(), *chosen(option))
    assert code == 1
    assert any(line.startswith(f"FAIL {words}") for line in lines), lines
    assert lines[-1].endswith("cannot run here")


def test_a_missing_signal_is_found(validate, written, rig_copy):
    (rig_copy / "RIG_2.h5").unlink()
    code, lines = validate(written(rig_copy))
    assert code == 1
    assert any("RIG_2" in line for line in failures(lines))


def test_recordings_without_a_label_are_counted(validate, written, rig_copy):
    table = rig_copy / "metadata.csv"
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("1000,1,RIG_1,0,", "1000,1,RIG_1,-1,"), encoding="utf-8")
    _, lines = validate(written(rig_copy))
    assert any(line.startswith("WARN systems: system 1") and "1 without a label" in line for line in lines)


def test_a_full_validation_trains_one_short_epoch_and_leaves_nothing(validate, written, tmp_path, rig):
    path = written(seeds=[0, 1])
    code, lines = validate(path, mode="full_validation")
    assert code == 0, lines
    trained = [line for line in lines if line.startswith("PASS training: ")]
    assert len(trained) == 3  # one seed: a pretraining, an adaptation, its control
    assert all("one epoch in" in line and "loss" in line for line in trained)
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_full_validation_is_not_tried_after_a_failure(validate, written):
    code, lines = validate(written(), *chosen("data.source.root=gone"), mode="full_validation")
    assert code == 1
    assert "WARN training: not tried, because of the failures above" in lines


def test_what_only_training_shows_fails_the_full_validation(validate, written, rig_copy):
    """A health check reads no signal; a sample that is no number is found by the short training."""
    import h5py  # noqa: PLC0415

    with h5py.File(rig_copy / "RIG_1.h5", "r+") as file:
        file["1000"][5] = float("nan")
    path = written(rig_copy)
    assert validate(path)[0] == 0
    code, lines = validate(path, mode="full_validation")
    assert code == 1
    assert failures(lines)[0].startswith("FAIL training: ")


def test_the_report_is_written_where_it_is_asked_for(validate, written, tmp_path):
    folder = tmp_path / "deep" / "reports"
    code, lines = validate(written(), *chosen("data.source.root=gone"), "--output_dir", str(folder))
    report = json.loads((folder / "validation_report.json").read_text(encoding="utf-8"))
    assert (code, report["result"], report["mode"]) == (1, "fail", "health_check")
    assert [f"{c['status'].upper():<4} {c['name']}: {c['text']}" for c in report["checks"]] == lines[:-1]
    text = (folder / "validation_report.md").read_text(encoding="utf-8")
    assert "| files | fail | the data folder" in text


@pytest.mark.parametrize("task", [STAGES, METRIC, FEWSHOT])
def test_old_documents_are_validated_and_trained(validate, tmp_path, task):
    options = [*SYNTHETIC, *(EPISODES if task == FEWSHOT else [])]
    code, lines = validate(write(tmp_path, "old.yaml", task), *chosen(*options), mode="full_validation")
    assert code == 0, lines
    assert any("is an old document" in line for line in lines)


def test_what_the_conversion_leaves_out_has_to_be_decided(validate, tmp_path):
    path = Path(write(tmp_path, "old.yaml", STAGES))
    path.write_text(path.read_text(encoding="utf-8").replace("B_08_PatchTST", "B_99_Unheard"), encoding="utf-8")
    code, lines = validate(path, *chosen(*SYNTHETIC))
    assert code == 1
    assert [line for line in failures(lines) if "asks for what this one leaves out" in line]
    assert validate(path, *chosen(*SYNTHETIC, "legacy.refused=[]"))[0] == 0


def test_a_trial_is_short_and_else_the_document(rig, tmp_path):
    config = load_config(document(rig, tmp_path), overrides=["seeds=[4,5]", "data.window.per_recording=50"])
    short = shortened(config)
    assert short.seeds == (4,)
    assert (short.stage_1.epochs, short.stage_2.epochs) == (1, 1)
    assert short.data.window.per_recording == 8
    assert short.model == config.model
    assert short.stage_1.model_copy(update={"epochs": config.stage_1.epochs}) == config.stage_1


def test_nothing_is_looked_for_without_files(tmp_path):
    config = load_config({"stage_1": {"pretrain_mode": "contrastive", "systems": [1]}}, overrides=SYNTHETIC)
    found = health(config.model_copy(update={"output": config.output.model_copy(update={"root": str(tmp_path)})}))
    assert [check.text for check in found if check.name == "files"] == ["source synthetic needs none"]
