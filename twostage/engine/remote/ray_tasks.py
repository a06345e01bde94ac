"""Tasks of Ray: one for each stage."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from twostage.config.executors import RayExecutor
from twostage.engine.outcome.results import Failure
from twostage.engine.pinned_code import pinned_environment
from twostage.engine.planning.plan import Stage
from twostage.engine.remote.events import EventReader, tell
from twostage.engine.remote.settling import settled
from twostage.engine.remote.worker import train_one
from twostage.engine.work import Outcome, Work

_LOOK = 0.2


@dataclass
class _Sent:
    stage: Stage
    events: EventReader
    task: Any


class RayTasks:
    """Tasks that were handed over and are not done; a Ray that was started here ends with them."""

    def __init__(self, config: RayExecutor) -> None:
        self._config = config
        self._sent: list[_Sent] = []
        self._work: Work | None = None
        self._ray: Any = None

    def room(self) -> int:
        """Ray queues by itself; a bound keeps what is handed over small."""
        return self._config.parallel - len(self._sent)

    def submit(self, work: Work, stage: Stage) -> None:
        """Hand the stage over. What a task carries are names: where a training goes on is found when it starts."""
        assert work.directory is not None  # noqa: S101 - stages run in runs
        self._work = work
        events = work.store.scratch.fresh() / "events.jsonl"
        options = {"num_cpus": self._config.cpus, "num_gpus": self._gpus(stage), "max_retries": 0}
        run = self._connected(work).remote(train_one).options(**options)
        task = run.remote(str(work.directory.path.absolute()), str(events.absolute()), stage.name)
        self._sent.append(_Sent(stage, EventReader(events), task))

    def finished(self) -> list[Outcome]:
        """Follow the tasks until some of them are done."""
        while True:
            self._ray.wait([sent.task for sent in self._sent], timeout=_LOOK)
            outcomes = []
            for sent in list(self._sent):
                if (outcome := self._look(sent)) is not None:
                    self._sent.remove(sent)
                    outcomes.append(outcome)
            if outcomes:
                return outcomes

    def close(self) -> None:
        """Cancel what still runs, and end or leave Ray."""
        for sent in self._sent:
            self._ray.cancel(sent.task, force=True)
        self._sent.clear()
        if self._ray is not None:
            self._ray.shutdown()

    def _connected(self, work: Work) -> Any:
        if self._ray is None:
            self._ray = import_module("ray")
            self._ray.init(
                address=self._config.address or "local",
                include_dashboard=None if self._config.address else False,
                log_to_driver=False,
                logging_level="ERROR",
                runtime_env={"env_vars": pinned_environment(work.code)},
            )
        return self._ray

    def _gpus(self, stage: Stage) -> float:
        trainer = stage.config.trainer
        if self._config.gpus is not None:
            return self._config.gpus
        return float(trainer.devices) if trainer.accelerator == "gpu" else 0.0

    def _look(self, sent: _Sent) -> Outcome | None:
        assert self._work is not None  # noqa: S101 - it was submitted
        over = bool(self._ray.wait([sent.task], timeout=0)[0])  # asked first: what it wrote before is there then
        for event in sent.events.fresh():
            tell(self._work.observer, sent.stage, event)
            if (outcome := settled(self._work, sent.stage, event)) is not None:
                return outcome
        return self._lost(sent) if over else None

    def _lost(self, sent: _Sent) -> Failure:
        """A task that ended without an outcome: its process died, or it raised."""
        try:
            self._ray.get(sent.task)
        except self._ray.exceptions.RayError as error:
            return Failure(sent.stage, f"its task ended: {str(error).strip()[:300]}")
        return Failure(sent.stage, "its task ended without an outcome")
