"""``python -m twostage.engine.remote.worker RUN EVENTS``: trains stages whose names come in, one a line.

It ends where its input ends. A stage is trained as in the process that planned it: under a lease, into the store.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from twostage.engine.outcome.artifacts import RunDirectory
from twostage.engine.outcome.reopening import OpenedRun, open_directory
from twostage.engine.outcome.results import Failure
from twostage.engine.planning.plan import Plan
from twostage.engine.remote.events import EventWriter
from twostage.engine.store.store import Store
from twostage.engine.training.stopping import stoppable
from twostage.engine.work import Busy, Outcome, Work
from twostage.engine.workshop import Workshop
from twostage.errors import OutputError, TwoStageError

CHANGED = "what this training depends on (code, data or versions) has changed since the run was started; start it again"


class Worker:
    """Trains stages of one run, as it was started."""

    def __init__(self, opened: OpenedRun, store: Store, events: EventWriter) -> None:
        self._opened, self._store, self._events = opened, store, events
        self._workshop = Workshop(opened.plan.config)
        self._stages = {stage.name: stage for stage in opened.plan.stages}
        self._directory = RunDirectory(opened.directory, store)

    def train(self, name: str) -> None:
        """Train a stage, and write down what has become of it."""
        try:
            outcome = self._work(name).run(self._stages[name])
        except OutputError as error:
            self._events.write("failed", name, message=str(error), log=None)
            return
        self._tell(name, outcome)

    def _work(self, name: str) -> Work:
        """The work on this stage alone, and on the one that it starts from."""
        names = {name, getattr(self._stages[name], "source", None)}
        plan = Plan(self._opened.plan.config, tuple(s for s in self._opened.plan.stages if s.name in names))
        work = Work(plan, self._workshop, self._store, self._events)
        work.directory = self._directory
        if work.keys[name] != self._opened.keys[name]:
            raise OutputError(CHANGED)
        return work

    def _tell(self, name: str, outcome: Outcome) -> None:
        if isinstance(outcome, Busy):
            self._events.write("busy", name)
        elif isinstance(outcome, Failure):
            log = None if outcome.log is None else str(outcome.log)
            self._events.write("failed", name, message=outcome.message, log=log)
        else:
            self._events.write("finished", name)


@contextmanager
def opened_worker(run: Path, events: Path) -> Iterator[Worker]:
    """A worker for the run in this folder."""
    opened = open_directory(run)
    with stoppable(), closing(Store(opened.root)) as store:
        yield Worker(opened, store, EventWriter(events))


def train_one(run: str, events: str, name: str) -> None:
    """Train one stage, in a process that was started for it."""
    with opened_worker(Path(run), Path(events)) as worker:
        worker.train(name)


def main(run: str, events: str) -> None:
    """Train what is asked for until nothing more is."""
    try:
        with opened_worker(Path(run), Path(events)) as worker:
            for line in sys.stdin:
                worker.train(line.strip())
    except TwoStageError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main(*sys.argv[1:])
