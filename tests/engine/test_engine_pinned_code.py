"""Law: code is pinned when a run starts. An edit while it runs changes nothing, in no process of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rigs import document

import twostage
from twostage.config.document import TwoStageConfig
from twostage.engine.pinned_code import pinned_code, pinned_environment
from twostage.engine.planning.plan import make_plan

OWN = "from twostage.objectives.pretrain.contrastive import Contrastive\n\n\nclass Mine(Contrastive): {}\n"
AXIS = {"kind": "grid", "name": "rate", "key": "stage_2.optimizer.lr", "values": [1e-3, 1e-2]}
HERE = Path(twostage.__file__).parent


@pytest.fixture
def imported_as(tmp_path):
    """What a process that takes pinned code prints of a module, started in a folder with another copy of it."""

    def imported_as(code, module, cwd):
        call = [sys.executable, "-c", f"import {module}; print({module}.__file__)"]
        done = subprocess.run(
            call, check=True, cwd=cwd, env=os.environ | pinned_environment(code), capture_output=True, text=True
        )
        return Path(done.stdout.strip())

    return imported_as


def test_a_process_takes_the_pinned_code_before_that_of_its_folder(rig, tmp_path, imported_as):
    plan = make_plan(TwoStageConfig.model_validate(document(rig, tmp_path / "save")))
    code = pinned_code(plan, tmp_path / "code")
    assert imported_as(code, "twostage", HERE.parent) == tmp_path / "code" / "twostage" / "__init__.py"


def test_the_module_of_a_class_that_the_document_names_is_pinned_too(rig, tmp_path, imported_as, monkeypatch):
    (tmp_path / "mine_to_pin.py").write_text(OWN.format("pass"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    stage_1 = {"pretrain_mode": "custom", "target": "mine_to_pin:Mine", "systems": [1], "epochs": 1}
    plan = make_plan(TwoStageConfig.model_validate(document(rig, tmp_path / "save", stage_1=stage_1)))
    code = pinned_code(plan, tmp_path / "code")
    (tmp_path / "mine_to_pin.py").write_text(OWN.format("EDITED = True"), encoding="utf-8")
    assert (code / "mine_to_pin.py").read_text(encoding="utf-8") == OWN.format("pass")
    assert imported_as(code, "mine_to_pin", tmp_path) == code / "mine_to_pin.py"


def test_a_process_that_was_started_from_pinned_code_pins_nothing_again(rig, tmp_path, monkeypatch):
    plan = make_plan(TwoStageConfig.model_validate(document(rig, tmp_path / "save")))
    monkeypatch.setenv("TWOSTAGE_PINNED_CODE", str(tmp_path / "first"))
    assert pinned_code(plan, tmp_path / "second") == tmp_path / "first"
    assert not (tmp_path / "second").exists()


@pytest.mark.long
def test_an_edit_while_a_run_goes_on_changes_nothing_for_processes_that_start_later(rig, tmp_path):
    shutil.copytree(HERE, tmp_path / "edited" / "twostage")
    stage_1 = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 1}
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1, "control": "none"}
    written = document(rig, tmp_path / "save", stage_1=stage_1, stage_2=stage_2, sweep=[AXIS])
    (tmp_path / "document.json").write_text(json.dumps(written), encoding="utf-8")
    call = [sys.executable, "-m", "twostage", "run", str(tmp_path / "document.json"), "--executor", "local:2"]
    env = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSAFEPATH"}}
    with subprocess.Popen(call, cwd=tmp_path / "edited", env=env, stderr=subprocess.PIPE, text=True) as run:
        told = []
        for line in run.stderr:
            told.append(line)
            if "stage_1/seed-0: epoch 1/" in line:
                runner = tmp_path / "edited" / "twostage" / "engine" / "runner.py"
                runner.write_text("raise RuntimeError('edited')\n", encoding="utf-8")
    assert run.returncode == 0, "".join(told)
    (manifest,) = (tmp_path / "save").rglob("manifest.json")
    assert len(json.loads(manifest.read_text(encoding="utf-8"))["stages"]) == 3
