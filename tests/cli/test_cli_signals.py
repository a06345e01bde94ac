"""Law 4 under Ctrl-C and SIGTERM: a prompt end, the right exit code, finished stages kept, nothing else left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext, suppress

import pytest

from twostage import TwoStageRun
from twostage.engine.observer import Silent
from twostage.engine.training.stopping import Terminated, stoppable

ENDLESS = 1_000_000
PROMPTLY = 20.0


@pytest.fixture
def stopped(written, tmp_path):
    """Run a document in a process of its own, send signals once ``marker`` is printed: code, stderr."""

    def stopped(marker, *signals, stage):
        call = [sys.executable, "-m", "twostage", "run", str(written()), "-o", f"{stage}.epochs={ENDLESS}"]
        with (tmp_path / "out").open("wb") as out, subprocess.Popen(call, stdout=out, stderr=subprocess.PIPE) as run:
            for line in iter(run.stderr.readline, b""):
                if marker in line.decode():
                    break
            began = time.monotonic()
            for number in signals:
                run.send_signal(number)
                time.sleep(0.05)
            told = [line.decode() for line in run.stderr]
            code = run.wait(timeout=60)
        assert time.monotonic() - began < PROMPTLY
        assert (tmp_path / "out").read_text() == ""
        return code, "".join(line for line in told if ": epoch " not in line)

    return stopped


def told_where(folder):
    return [f"The stages that finished are in {folder}", f"To go on: twostage resume {folder}"]


def test_ctrl_c_in_stage_1_says_how_to_go_on(stopped, tmp_path):
    code, told = stopped("stage_1/seed-0: epoch 1/", signal.SIGINT, signal.SIGINT, stage="stage_1")
    assert code == 130
    (manifest,) = (tmp_path / "save").rglob("manifest.json")
    assert told.splitlines() == ["interrupted", *told_where(manifest.parent)]
    assert json.loads(manifest.read_text())["stages"] == []
    assert not list((tmp_path / "save" / ".store").glob("stages/*/*"))


def test_in_stage_2_finished_stages_stay_and_the_user_is_told_where(stopped, tmp_path):
    code, told = stopped("pretrained: epoch 1/", *[signal.SIGINT] * 3, stage="stage_2")
    assert code == 130
    (manifest,) = (tmp_path / "save").rglob("manifest.json")
    assert "Traceback" not in told, told
    assert told.splitlines()[-3:] == ["interrupted", *told_where(manifest.parent)]
    assert "Traceback" not in told
    content = json.loads(manifest.read_text())
    assert content["status"] == "interrupted"
    assert [stage["name"] for stage in content["stages"]] == ["stage_1/seed-0"]
    files = {"config.lock.yaml", "manifest.json", "plan.json", "stage_1"}
    assert {path.name for path in manifest.parent.iterdir()} == files
    assert {path.name for path in (tmp_path / "save").iterdir()} == {".store", "metadata"}


class Stopper(Silent):
    """Sends a signal to this process at one event of a stage."""

    def __init__(self, event, stage, number=signal.SIGINT):
        self.event, self.stage, self.number = event, stage, number

    def _at(self, event, name):
        if event == self.event and name.startswith(self.stage):
            os.kill(os.getpid(), self.number)

    def stage_started(self, stage, **_):
        self._at("stage_started", stage.name)

    def epoch_done(self, stage, **_):
        self._at("epoch_done", stage.name)

    def stage_finished(self, result):
        self._at("stage_finished", result.name)


@pytest.mark.parametrize(
    ("event", "stage", "kept"),
    [
        ("stage_started", "stage_1", 0),
        ("stage_finished", "stage_1", 1),
        ("stage_started", "stage_2", 1),
        ("epoch_done", "stage_2/seed-0/system-3/from_scratch", 2),
    ],
)
def test_python_gets_a_keyboard_interrupt_whenever_ctrl_c_comes(written, tmp_path, event, stage, kept):
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        TwoStageRun(written(), observer=Stopper(event, stage)).fit()
    assert signal.getsignal(signal.SIGINT) is handler
    (manifest,) = tmp_path.rglob("manifest.json")
    content = json.loads(manifest.read_text())
    assert (content["status"], len(content["stages"])) == ("interrupted", kept)
    assert caught.value.__notes__ == told_where(manifest.parent)
    assert not list((tmp_path / "save" / ".store" / "scratch").iterdir())
    assert not list((tmp_path / "save" / ".store").rglob("lease-*"))


def test_sigterm_in_stage_2_ends_with_143_and_keeps_what_finished(command, written, tmp_path, monkeypatch):
    stopper = Stopper("epoch_done", "stage_2", signal.SIGTERM)
    monkeypatch.setattr("twostage.cli.progress.progress_on", lambda _: nullcontext(stopper))
    code, out, err = command("run", written())
    (manifest,) = tmp_path.rglob("manifest.json")
    assert (code, out) == (143, "")
    assert err.splitlines() == ["terminated", *told_where(manifest.parent)]
    assert json.loads(manifest.read_text())["status"] == "interrupted"


@pytest.fixture
def answered():
    """Set the answer to a signal, as a job of SLURM does; the one from before comes back."""
    before = {}

    def answered(number, answer):
        before[number] = signal.signal(number, answer)

    yield answered
    for number, answer in before.items():
        signal.signal(number, answer)


def test_a_job_that_ignores_sigterm_goes_on_until_it_is_killed(written, answered):
    answered(signal.SIGTERM, signal.SIG_IGN)
    summary = TwoStageRun(written(), observer=Stopper("epoch_done", "stage_1", signal.SIGTERM)).fit()
    assert len(summary.stages) == 3
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_a_job_whose_time_is_over_ends_with_the_code_that_it_chose(written, answered):
    answered(signal.SIGUSR2, lambda *_: sys.exit(75))
    with pytest.raises(SystemExit) as caught:
        TwoStageRun(written(), observer=Stopper("epoch_done", "stage_1", signal.SIGUSR2)).fit()
    assert caught.value.code == 75


def test_only_the_first_signal_counts_while_its_exception_is_on_its_way():
    steps = []

    def impatient():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            steps.append("cleared up")

    with pytest.raises(KeyboardInterrupt), stoppable():
        impatient()
    assert steps == ["cleared up"]


def test_a_signal_whose_exception_was_lost_can_be_repeated():
    """As one that is raised inside ``__del__``; else nothing could end the run any more."""
    with stoppable():
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_sigterm_ends_with_the_code_that_a_shell_shows():
    with pytest.raises(Terminated) as caught, stoppable():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_handler_of_the_callers_own_stays():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with stoppable():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
