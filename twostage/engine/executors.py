"""Where the stages of a plan run, and in which order.

An executor runs stages; it need not know what a plan is. ``run_all`` gives it stages whose inputs are finished, as many
as it has room for, and asks it for outcomes. An executor of its own implements ``Executor``; what a worker in another
process needs is the folder of the run and the name of a stage: see ``twostage.engine.remote.worker``.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from twostage.engine.outcome.results import Failure, StageResult
from twostage.engine.planning.plan import AdaptStage, Plan, Stage
from twostage.engine.work import Busy, Outcome, Work

_PATIENCE = 5.0


class Executor(Protocol):
    """Runs stages, here or elsewhere. Called from one thread."""

    def room(self) -> int:
        """How many more stages it would take now; 0 until some of those that it has are finished."""
        ...

    def submit(self, work: Work, stage: Stage) -> None:
        """Take a stage and return at once. What the stage starts from is finished and in the store."""
        ...

    def finished(self) -> list[Outcome]:
        """Wait until stages that were submitted have ended, and return their outcomes: at least one.

        A stage whose worker vanished is a Failure.
        """
        ...

    def close(self) -> None:
        """Stop what still runs; called once, also when the run ends early. Half-trained stages stay in the store."""
        ...


class InProcess:
    """One stage after another in this process."""

    def __init__(self) -> None:
        self._taken: list[Callable[[], Outcome]] = []

    def room(self) -> int:
        """One stage at a time."""
        return 1 - len(self._taken)

    def submit(self, work: Work, stage: Stage) -> None:
        """Keep the stage until its outcome is asked for."""
        self._taken.append(lambda: work.run(stage))

    def finished(self) -> list[Outcome]:
        """Run the stage."""
        return [self._taken.pop()()]

    def close(self) -> None:
        """Nothing runs when nobody asks."""


class _Queue:
    """The stages of a plan that wait, and those that may run; every step takes constant time."""

    def __init__(self, plan: Plan) -> None:
        self.ready: deque[Stage] = deque()
        self._waiting: dict[str, list[AdaptStage]] = {}
        for stage in plan.stages:
            if isinstance(stage, AdaptStage) and stage.source is not None:
                self._waiting.setdefault(stage.source, []).append(stage)
            else:
                self.ready.append(stage)

    def finished(self, name: str) -> None:
        """What starts from this stage may run, before all else that may."""
        self.ready.extendleft(reversed(self._waiting.pop(name, ())))

    def failed(self, name: str) -> list[AdaptStage]:
        """What starts from this stage, and so cannot run."""
        return self._waiting.pop(name, [])


def run_all(work: Work, executor: Executor) -> Iterator[StageResult | Failure]:
    """Run a plan; outcomes come as stages end, each behind those that it starts from."""
    queue, running, idle = _Queue(work.plan), 0, 0
    try:
        while queue.ready or running:
            while queue.ready and executor.room() > 0:
                stage = queue.ready.popleft()
                if (found := work.find(stage)) is not None:  # no process need be started for it
                    yield found
                    yield from _settled(queue, found)
                    continue
                executor.submit(work, stage)
                running += 1
            for outcome in executor.finished() if running else ():
                running -= 1
                if isinstance(outcome, Busy):
                    queue.ready.append(outcome.stage)
                    idle += 1
                    continue
                idle = 0
                yield outcome
                yield from _settled(queue, outcome)
            if idle > len(queue.ready) + running:  # everything that is left is being done by others
                time.sleep(_PATIENCE / 10 if idle < 100 else _PATIENCE)  # noqa: PLR2004 - about a minute
    finally:
        executor.close()


def _settled(queue: _Queue, outcome: StageResult | Failure) -> Iterator[Failure]:
    if isinstance(outcome, StageResult):
        queue.finished(outcome.name)
        return
    for stage in queue.failed(outcome.name):
        yield Failure(stage, f"not started, because {outcome.name} failed", outcome.log, cause=outcome.name)
