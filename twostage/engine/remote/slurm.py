"""Jobs of SLURM through submitit: one for each stage, those that are ready together as an array."""

from __future__ import annotations

import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import Any

from twostage.config.executors import SlurmExecutor
from twostage.engine.outcome.results import Failure
from twostage.engine.pinned_code import pinned_environment
from twostage.engine.planning.plan import Stage
from twostage.engine.remote.events import EventReader, tell
from twostage.engine.remote.nodes import follow_stage
from twostage.engine.remote.settling import settled
from twostage.engine.remote.slurm_queue import JobStates, ProcessStates, SlurmQueue
from twostage.engine.remote.worker import train_one
from twostage.engine.work import Outcome, Work

_LOOK = 0.5
_OVER = "over"


class StageJob:
    """What a job runs. All that it carries are names: where a training goes on is found when it starts."""

    def __init__(self, run: str, events: str, name: str) -> None:
        self.run, self.events, self.name = run, events, name

    def __call__(self) -> None:
        """Train the stage; on further nodes of the job take part in it.

        SIGTERM announces that SLURM is about to take the job off and to send it again. Until then it goes on.
        """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # which processes of several devices inherit
        over = Path(self.events).with_name(_OVER)
        if node := int(import_module("submitit").JobEnvironment().global_rank):
            follow_stage(self.run, self.name, node, over.exists)
            return
        over.unlink(missing_ok=True)  # of a job that was sent again
        try:
            train_one(self.run, self.events, self.name)
        finally:
            with suppress(FileNotFoundError):  # whoever has sent the job is gone
                over.touch()

    def checkpoint(self) -> Any:
        """Asked for before a job is preempted or its time is over: send the same job again, to go on."""
        return import_module("submitit").helpers.DelayedSubmission(StageJob(self.run, self.events, self.name))


@dataclass
class _Sent:
    stage: Stage
    events: EventReader
    job: Any


class Slurm:
    """Jobs that were sent and are not done."""

    several_nodes = True

    def __init__(self, config: SlurmExecutor) -> None:
        self._config = config
        self._waiting: list[tuple[Stage, StageJob]] = []
        self._sent: list[_Sent] = []
        self._work: Work | None = None
        self._states: JobStates = SlurmQueue() if config.cluster == "slurm" else ProcessStates()

    def room(self) -> int:
        """SLURM queues by itself; a bound keeps one array from growing without end."""
        return 4 * self._config.parallel - len(self._waiting) - len(self._sent)

    def submit(self, work: Work, stage: Stage) -> None:
        """Keep the stage for the next array."""
        assert work.directory is not None  # noqa: S101 - stages run in runs
        self._work = work
        events = work.store.scratch.fresh() / "events.jsonl"
        self._waiting.append((stage, StageJob(str(work.directory.path.absolute()), str(events.absolute()), stage.name)))

    def finished(self) -> list[Outcome]:
        """Send what waits, then follow the jobs until some of them are done."""
        self._send()
        while True:
            outcomes = []
            for sent in list(self._sent):
                if (outcome := self._look(sent)) is not None:
                    self._sent.remove(sent)
                    outcomes.append(outcome)
            if outcomes:
                return outcomes
            time.sleep(_LOOK)

    def close(self) -> None:
        """Cancel what still runs or waits."""
        for sent in self._sent:
            sent.job.cancel(check=False)
        self._sent.clear()

    def _send(self) -> None:
        """One array for all that need the same; arrays of one job are plain jobs."""
        by_need: dict[tuple[int, int], list[tuple[Stage, StageJob]]] = {}
        for stage, job in self._waiting:
            by_need.setdefault((self._gpus(stage), stage.config.trainer.nodes), []).append((stage, job))
        self._waiting.clear()
        for (gpus, nodes), several in by_need.items():
            executor = self._executor(gpus, nodes)
            with executor.batch():
                jobs = [executor.submit(job) for _, job in several]
            for (stage, job), sent in zip(several, jobs, strict=True):
                self._sent.append(_Sent(stage, EventReader(Path(job.events)), sent))

    def _executor(self, gpus: int, nodes: int) -> Any:
        config = self._config
        assert self._work is not None  # noqa: S101 - something was submitted
        assert self._work.directory is not None  # noqa: S101 - as above
        folder = self._work.directory.path.absolute() / "logs" / "slurm"
        executor = import_module("submitit").AutoExecutor(
            folder=folder, cluster=config.cluster, slurm_max_num_timeout=config.requeues
        )
        executor.update_parameters(
            name="twostage",
            timeout_min=config.minutes,
            cpus_per_task=config.cpus,
            mem_gb=config.memory_gb,
            gpus_per_node=gpus,
            slurm_array_parallelism=config.parallel,
            **_tasks(config, nodes),
            **{f"{config.cluster}_setup": [*_exports(self._work.code), *config.setup]},
            **{name: value for name, value in _named(config).items() if value is not None},
        )
        return executor

    def _gpus(self, stage: Stage) -> int:
        trainer = stage.config.trainer
        if self._config.gpus is not None:
            return self._config.gpus
        return trainer.devices if trainer.accelerator == "gpu" else 0

    def _look(self, sent: _Sent) -> Outcome | None:
        assert self._work is not None  # noqa: S101 - it was submitted
        over = self._states.over(sent.job)  # asked first: what it wrote before it ended is there then
        for event in sent.events.fresh():
            tell(self._work.observer, sent.stage, event)
            if (outcome := settled(self._work, sent.stage, event)) is not None:
                return outcome
        return self._lost(sent) if over else None

    def _lost(self, sent: _Sent) -> Failure:
        """A job that ended without an outcome: killed, out of memory, or out of time too often."""
        words = ""
        with suppress(OSError):
            words = (sent.job.stderr() or "").strip()[-300:]
        how = self._states.end(sent.job)
        message = f"its job {sent.job.job_id} ended without an outcome" + f" ({how})" * bool(how)
        return Failure(sent.stage, f"{message}: {words}".rstrip(": "), Path(sent.job.paths.stderr))


def _tasks(config: SlurmExecutor, nodes: int) -> dict[str, Any]:
    """One task on each node, which starts a process for each of its devices.

    On this machine alone the tasks are processes beside one another. A task that dies ends the others.
    """
    if config.cluster == "local":
        return {"tasks_per_node": nodes}
    shared = {"slurm_srun_args": ["--kill-on-bad-exit=1"]} if nodes > 1 else {}
    return {"nodes": nodes, "tasks_per_node": 1, **shared}


def _exports(code: Path) -> list[str]:
    """Shell lines that make a job take the code of a folder."""
    return [f"export {name}={quote(value)}" for name, value in pinned_environment(code).items()]


def _named(config: SlurmExecutor) -> dict[str, str | None]:
    return {
        "slurm_partition": config.partition,
        "slurm_account": config.account,
        "slurm_qos": config.qos,
        "slurm_constraint": config.constraint,
    }
