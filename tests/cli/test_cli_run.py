"""``twostage run`` as a user runs it: what it prints, what it leaves, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from twostage.cli import app as app_module

SHORT = ("-o", "stage_1.epochs=1", "-o", "stage_2.epochs=1")


def directory_of(out):
    """The path that is printed last, after ``Results:``."""
    start, _, path = out.splitlines()[-1].partition(" ")
    assert start == "Results:"
    return Path(path)


def test_a_run_prints_a_table_and_last_of_all_where_its_results_are(command, written, tmp_path):
    code, out, err = command("run", written())

    directory = directory_of(out)
    manifest = json.loads((directory / "manifest.json").read_text())
    assert code == 0
    assert directory.is_relative_to(tmp_path / "save")
    assert manifest["status"] == "complete"
    for word in ("pretrained", "from scratch", "gain", "accuracy", "macro-F1", "digests equal"):
        assert word in out
    shown = {entry["variant"]: f"{entry['metrics']['test/accuracy/3']:.1%}" for entry in manifest["stages"][1:]}
    assert all(share in out for share in shown.values())
    assert "stage_1/seed-0: epoch 2/2 train/loss" in err
    assert "error" not in err.lower()


def test_output_overrides_and_the_local_file_reach_the_run(command, written, tmp_path):
    local = tmp_path / "local.yaml"
    local.write_text("name: mine\ndata: {batch_size: 16}\n", encoding="utf-8")
    chosen = tmp_path / "else [where]"  # brackets are markup to rich

    code, out, _ = command("run", written(), "--output", chosen, "--local", local, *SHORT, "-o", "stage_1=null")

    directory = directory_of(out)
    assert code == 0
    assert directory.is_relative_to(chosen)
    assert not (tmp_path / "save").exists()
    manifest = json.loads((directory / "manifest.json").read_text())
    assert (manifest["name"], len(manifest["stages"])) == ("mine", 1)
    lock = (directory / "config.lock.yaml").read_text()
    assert "batch_size: 16" in lock


def test_a_dry_run_shows_every_stage_and_writes_nothing(command, written, tmp_path, snapshot, monkeypatch):
    monkeypatch.setattr("lightning.pytorch.Trainer.fit", lambda *_, **__: pytest.fail("a dry run trains nothing"))
    file = written()
    before = snapshot(tmp_path)

    code, out, _ = command("run", file, "--dry-run")

    assert code == 0
    assert "144/48/48" in out
    assert "pretrained" in out
    assert "from_scratch" in out
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert snapshot(tmp_path) == before


def test_a_dry_run_looks_at_the_checkpoint_it_would_start_from(command, written):
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "init": {"checkpoint": "/nowhere.safetensors"}}
    code, _, err = command("run", written(stage_1=None, stage_2=stage_2), "--dry-run")
    assert code == 1
    assert err.splitlines()[-1] == "error: checkpoint /nowhere.safetensors does not exist"


def test_a_mistake_in_the_document_is_told_before_torch_is_imported(tmp_path):
    (tmp_path / "bad.yaml").write_text("seeds: [0]\nstage_1:\n  pretrain_mode: contrastve\n", encoding="utf-8")
    program = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('torch' in sys.modules, 'numpy' in sys.modules))\n"
        "sys.argv = ['twostage', 'run', 'bad.yaml']\n"
        "from twostage.cli.app import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert done.stdout == "False False\n"
    assert "bad.yaml:3:18: stage_1.pretrain_mode" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.yaml"]


def test_an_option_that_does_not_exist_is_a_usage_error(command, written, tmp_path):
    code, _, err = command("run", written(), "--epochs", "3")
    assert code == 2
    assert "--epochs" in err
    assert not (tmp_path / "save").exists()


def test_ctrl_c_in_any_command_is_told_and_ends_with_130(command, monkeypatch, written):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("twostage.config.load.load_document", stopped)
    assert command("run", written()) == (130, "", "interrupted\n")
    assert command("validate", written()) == (130, "", "interrupted\n")


def test_notes_of_an_error_are_told_beside_it(command, monkeypatch):
    def ended():
        error = SystemExit(app_module.TERMINATED)
        error.add_note("It is over there")
        raise error

    monkeypatch.setattr(app_module, "app", ended)
    assert command() == (143, "", "terminated\nIt is over there\n")
