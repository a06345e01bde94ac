"""When a job of SLURM counts as over. The commands of SLURM are scripts here that answer as they do."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from twostage.engine.remote.slurm_queue import SlurmQueue


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Put a command in the place of SLURM's."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def put(name, script):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    return put


def job(name):
    return SimpleNamespace(job_id=name)


def over(queue, clock, name, *times):
    """What the queue says at these times."""
    said = []
    for clock.now in times:
        said.append(queue.over(job(name)))
    return said


def test_a_job_that_the_queue_lists_is_not_over_and_one_that_it_misses_is_after_a_while(commands):
    clock = Clock()
    queue = SlurmQueue(clock)
    commands("squeue", "printf '7_0\\n7_1\\n'")
    assert over(queue, clock, "7_0", 0, 100) == [False, False]
    commands("squeue", "echo 7_1")
    assert over(queue, clock, "7_0", 120, 130, 139, 141) == [False, False, False, True]
    assert over(queue, clock, "7_1", 200) == [False]


def test_a_job_that_comes_back_to_the_queue_is_not_over(commands):
    clock = Clock()
    queue = SlurmQueue(clock)
    commands("squeue", "true")
    assert over(queue, clock, "7", 0, 15) == [False, False]
    commands("squeue", "echo 7")
    assert over(queue, clock, "7", 30) == [False]
    commands("squeue", "true")
    assert over(queue, clock, "7", 60, 75, 81) == [False, False, True]


def test_a_controller_that_does_not_answer_says_nothing_about_jobs(commands):
    clock = Clock()
    queue = SlurmQueue(clock)
    commands("squeue", "echo 'Unable to contact slurm controller' >&2; exit 1")
    assert over(queue, clock, "7", 0, 100, 1000) == [False, False, False]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("JobId=7 JobState=OUT_OF_MEMORY Reason=OutOfMemory ExitCode=0:125", "OUT_OF_MEMORY, OutOfMemory, signal 125"),
        ("JobId=7 JobState=FAILED Reason=NonZeroExitCode ExitCode=9:0", "FAILED, NonZeroExitCode, exit code 9"),
        ("JobId=7 JobState=COMPLETED Reason=None ExitCode=0:0", "COMPLETED"),
    ],
)
def test_how_a_job_ended_is_said_in_the_words_of_slurm(commands, answer, words):
    commands("scontrol", f"echo '{answer}'")
    assert SlurmQueue().end(job("7")) == words


def test_of_a_job_that_slurm_has_forgotten_nothing_is_said(commands):
    commands("scontrol", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    assert SlurmQueue().end(job("7")) == ""
