"""What SLURM knows of jobs: its queue is asked, which answers also where no accounts of ended jobs are kept."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from typing import Any, Protocol

_ASK = 15.0
_MISSING = 20.0
_TOLD = re.compile(r"\b(JobState|Reason|ExitCode)=(\S+)")


class JobStates(Protocol):
    """Whether jobs have ended, and how."""

    def over(self, job: Any) -> bool:
        """Whether nothing more is to be expected of the job."""

    def end(self, job: Any) -> str:
        """How the job ended, in words of the system that ran it; empty where that is not known."""


class ProcessStates:
    """Of jobs that submitit runs as processes of this machine."""

    def over(self, job: Any) -> bool:
        """Whether the process has ended."""
        return bool(job.done())

    def end(self, job: Any) -> str:
        """What submitit calls the state of the process."""
        return str(job.state)


class SlurmQueue:
    """Of jobs of SLURM.

    Submitit asks ``sacct``, which many clusters do not have and whose answer it keeps for up to ten minutes: a job that
    was killed would not be missed there. The queue lists whatever waits, runs, ends or is to run again.
    A job counts as over when it has been missing for a while, so that what it wrote last has time to come through a
    network file system. A controller that gives no answer says nothing about any job.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked = float("-inf")
        self._listed: frozenset[str] | None = None
        self._missing_since: dict[str, float] = {}

    def over(self, job: Any) -> bool:
        """Whether the queue has not listed the job for a while."""
        now = self._clock()
        if now - self._asked >= _ASK:
            self._asked, self._listed = now, _listed()
        if self._listed is None or job.job_id in self._listed:
            self._missing_since.pop(job.job_id, None)
            return False
        return now - self._missing_since.setdefault(job.job_id, now) >= _MISSING

    def end(self, job: Any) -> str:
        """State, reason and exit code, which SLURM remembers for some minutes."""
        said = dict(_TOLD.findall(_answer("scontrol", "show", "job", "--oneliner", job.job_id) or ""))
        return ", ".join(part for part in (said.get("JobState"), _reason(said), _code(said)) if part)


def _listed() -> frozenset[str] | None:
    """Jobs of this user that wait, run or end, arrays one by one; None where the controller gives no answer."""
    answer = _answer("squeue", "--me", "--noheader", "--array", "--format=%i")
    return None if answer is None else frozenset(answer.split())


def _answer(*command: str) -> str | None:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)  # noqa: S603 - SLURM's own
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _reason(said: dict[str, str]) -> str | None:
    return said["Reason"] if said.get("Reason", "None") != "None" else None


def _code(said: dict[str, str]) -> str | None:
    """``0:9`` is no exit code and signal 9."""
    code, _, signal = said.get("ExitCode", "0:0").partition(":")
    return f"signal {signal}" if signal != "0" else f"exit code {code}" if code != "0" else None
