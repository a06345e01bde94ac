"""Several processes of this machine, each training one stage after another."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

from twostage.config.executors import LocalExecutor
from twostage.engine.outcome.results import Failure
from twostage.engine.planning.plan import Stage
from twostage.engine.remote.children import Child, how_it_ended
from twostage.engine.remote.events import Event, EventReader, tell
from twostage.engine.remote.settling import settled
from twostage.engine.work import Outcome, Work

_LOOK = 0.1


@dataclass
class _Worker:
    child: Child
    events: EventReader
    stage: Stage | None = None
    since: float = field(default_factory=time.monotonic)


class LocalProcesses:
    """One that dies takes its stage along as a failure, and another one takes its place."""

    def __init__(self, config: LocalExecutor) -> None:
        self._most = config.workers or torch.cuda.device_count() or max(1, (os.cpu_count() or 1) // 2)
        self._work: Work | None = None
        self._workers: dict[int, _Worker] = {}

    def room(self) -> int:
        """Workers that have nothing to do, or are not there yet."""
        return self._most - sum(worker.stage is not None for worker in self._workers.values())

    def submit(self, work: Work, stage: Stage) -> None:
        """Give the stage to a worker."""
        self._work = work
        idle = [slot for slot, worker in self._workers.items() if worker.stage is None and worker.child.ended is None]
        slot = idle[0] if idle else self._start(work, stage)
        self._workers[slot].stage = stage
        self._workers[slot].child.say(stage.name)

    def finished(self) -> list[Outcome]:
        """Follow the workers until some of them are done."""
        while True:
            outcomes = [found for worker in list(self._workers.values()) if (found := self._look(worker)) is not None]
            if outcomes:
                return outcomes
            time.sleep(_LOOK)

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers.values():
            worker.child.stop()
        self._workers.clear()

    def _look(self, worker: _Worker) -> Outcome | None:
        if worker.stage is None or self._work is None:
            return None
        ended = worker.child.ended  # asked first: what it wrote before it ended is there then
        for event in worker.events.fresh():
            tell(self._work.observer, worker.stage, event)
            if (outcome := self._settled(worker, event)) is not None:
                return outcome
        if ended is None:
            return None
        stage, worker.stage = worker.stage, None
        message = f"its worker {how_it_ended(ended)}"
        return Failure(stage, f"{message}: {worker.child.last_words()[-300:]}".rstrip(": "), worker.child.log)

    def _settled(self, worker: _Worker, event: Event) -> Outcome | None:
        assert worker.stage is not None  # noqa: S101 - as its only caller has seen
        assert self._work is not None  # noqa: S101 - as above
        outcome = settled(self._work, worker.stage, event)
        if outcome is not None:
            worker.stage = None
        return outcome

    def _start(self, work: Work, stage: Stage) -> int:
        slot = next(each for each in range(self._most) if not self._busy(each))
        assert work.directory is not None  # noqa: S101 - stages run in runs
        events = work.store.scratch.fresh() / "events.jsonl"
        child = Child(
            "twostage.engine.remote.worker",
            [str(work.directory.path.absolute()), str(events.absolute())],
            code=work.code,
            log=work.directory.path / "logs" / f"worker-{slot}.log",
            env=_devices_of(slot, stage.config.trainer.devices, self._most),
        )
        self._workers[slot] = _Worker(child, EventReader(Path(events)))
        return slot

    def _busy(self, slot: int) -> bool:
        return slot in self._workers and self._workers[slot].child.ended is None


def _devices_of(slot: int, devices: int, workers: int) -> dict[str, str]:
    """The GPUs of a worker, where there are several workers and several GPUs; else what is there is for all."""
    count = torch.cuda.device_count()
    if workers == 1 or count < 2:  # noqa: PLR2004 - one is for all
        return {}
    mine = sorted({(slot * devices + each) % count for each in range(devices)})
    return {"CUDA_VISIBLE_DEVICES": ",".join(map(str, mine))}
