"""Loggers are what the document says, and nothing leaves the machine that is not written."""

from __future__ import annotations

import json
import sqlite3
from importlib.util import find_spec

import pytest
from pydantic import ValidationError
from rigs import document

from twostage import TwoStageRun
from twostage.config.document import TwoStageConfig
from twostage.config.loggers import logger_notes
from twostage.errors import TrainingError

SHORT = {"pretrain_mode": "contrastive", "systems": [1], "epochs": 2}


def run(rig, output, *loggers, **changes):
    written = document(rig, output, stage_1=SHORT, stage_2=None, loggers=list(loggers), name="mine", **changes)
    return TwoStageRun(written).fit()


def test_without_loggers_nothing_is_logged_and_nothing_else_changes(rig, tmp_path):
    (none,) = run(rig, tmp_path / "none").stages
    (both,) = run(rig, tmp_path / "both", {"kind": "csv"}, {"kind": "tensorboard"}).stages
    assert not (none.directory / "log").exists()
    assert not (none.directory / "tensorboard").exists()
    assert (both.directory / "log" / "metrics.csv").read_text().count("\n") > 2
    assert list((both.directory / "tensorboard").glob("events.*"))
    assert (none.digest, none.metrics, none.key) == (both.digest, both.metrics, both.key)


@pytest.mark.long
@pytest.mark.skipif(not find_spec("wandb"), reason="needs the package wandb")
def test_wandb_writes_a_run_for_each_training_to_be_sent_later(rig, tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    run(rig, tmp_path, {"kind": "wandb", "project": "vibration", "tags": ["a"]}, seeds=[0, 1])
    runs = sorted((tmp_path / "tracking" / "wandb" / "wandb").glob("offline-run-*/*.wandb"))
    assert len(runs) == 2
    text = runs[0].read_bytes() + runs[1].read_bytes()
    for said in (b"stage_1/seed-0", b"stage_1/seed-1", b"vibration", b"validation/loss", b"model.embedding.kind"):
        assert said in text


@pytest.mark.skipif(not find_spec("wandb"), reason="needs the package wandb")
def test_sending_to_wandb_needs_a_login_before_anything_is_trained(rig, tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with pytest.raises(TrainingError, match=r"loggers\[0\] sends to Weights & Biases, and nobody is logged in here"):
        run(rig, tmp_path / "save", {"kind": "wandb", "mode": "online"})
    assert not (tmp_path / "save").exists()
    sender = {"kind": "wandb", "mode": "online", "missing": "tell"}
    (result,) = run(rig, tmp_path, sender).stages
    assert json.loads((result.directory / "metrics.json").read_text())["epochs"] == 2
    (note,) = logger_notes(TwoStageConfig.model_validate({"stage_1": SHORT, "loggers": [sender]}).loggers)
    assert note.startswith("loggers[0] (wandb) logs nothing, because nobody is logged in here")


@pytest.mark.long
@pytest.mark.skipif(not find_spec("mlflow"), reason="needs the package mlflow")
def test_mlflow_keeps_runs_in_a_file(rig, tmp_path):
    (result,) = run(rig, tmp_path, {"kind": "mlflow"}).stages
    with sqlite3.connect(tmp_path / "tracking" / "mlflow" / "mlflow.db") as database:
        assert database.execute("select name from runs").fetchall() == [("stage_1/seed-0",)]
        assert ("mine",) in database.execute("select name from experiments").fetchall()
        found = dict(database.execute("select key, value from latest_metrics").fetchall())
        assert found["validation/loss"] == pytest.approx(result.metrics["validation/loss"])


@pytest.mark.skipif(find_spec("swanlab") is not None, reason="needs the package swanlab to be absent")
def test_a_logger_without_its_package_is_refused_or_told(rig, tmp_path):
    with pytest.raises(TrainingError) as caught:
        run(rig, tmp_path / "save", {"kind": "csv"}, {"kind": "swanlab"})
    assert str(caught.value) == (
        "loggers[1] is swanlab, whose package is not installed: pip install 'twostage[swanlab]', or write "
        "missing: tell there to go on without it"
    )
    assert not (tmp_path / "save").exists()
    (result,) = run(rig, tmp_path, {"kind": "swanlab", "missing": "tell"}).stages
    assert json.loads((result.directory / "metrics.json").read_text())["epochs"] == 2
    config = TwoStageConfig.model_validate({"stage_1": SHORT, "loggers": [{"kind": "swanlab", "missing": "tell"}]})
    (note,) = logger_notes(config.loggers)
    assert note.startswith("loggers[0] (swanlab) logs nothing, because its package is not installed")


@pytest.mark.skipif(not find_spec("swanlab"), reason="needs the package swanlab")
def test_swanlab_writes_an_experiment_for_each_training_to_be_sent_later(rig, tmp_path):
    run(rig, tmp_path, {"kind": "swanlab", "project": "vibration"}, seeds=[0, 1])
    assert len(list((tmp_path / "tracking" / "swanlab").glob("run-*/*.swanlab"))) == 2


def test_two_loggers_of_one_kind_are_refused():
    with pytest.raises(ValidationError, match="loggers has csv twice"):
        TwoStageConfig.model_validate({"stage_1": SHORT, "loggers": [{"kind": "csv"}, {"kind": "csv"}]})


def test_nothing_is_sent_unless_it_is_written():
    kinds = ("wandb", "swanlab", "mlflow")
    config = TwoStageConfig.model_validate({"stage_1": SHORT, "loggers": [{"kind": kind} for kind in kinds]})
    assert [logger.sends for logger in config.loggers] == [False] * 3
