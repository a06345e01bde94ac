"""``python -m twostage.engine.remote.rank RUN CONTROL``: one of the processes that train a stage together."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

from torch import distributed

from twostage.engine.observer import Silent
from twostage.engine.outcome.reopening import open_directory
from twostage.engine.planning.plan import Plan
from twostage.engine.remote.events import EventWriter
from twostage.engine.remote.ranks import EVENTS, FAILURE, ORDER, RESULT, is_first
from twostage.engine.remote.worker import CHANGED
from twostage.engine.store.files import Scratch, json_text
from twostage.engine.store.store import Store
from twostage.engine.training.halfway import Snapshots
from twostage.engine.training.stopping import stoppable
from twostage.engine.work import Work
from twostage.engine.workshop import Workshop
from twostage.errors import TrainingError, TwoStageError


class GivenSnapshots(Snapshots):
    """Where to go on has been found by whoever started the processes; the first of them keeps new states for all."""

    def __init__(self, home: Path, scratch: Scratch, *, state: Path | None, epochs: int, first: bool) -> None:
        super().__init__(home, scratch)
        self._state, self._epochs, self._first = state, epochs, first

    def resumed(self, folder: Path) -> tuple[Path | None, int]:  # noqa: ARG002 - it lies there already
        """What was given."""
        return self._state, self._epochs

    def save(self, folder: Path, epochs: int) -> None:
        """Keep the state once, and go on together."""
        if self._first:
            super().save(folder, epochs)
        distributed.barrier()


def main(run: str, control: str) -> None:
    """Train with the others; the first process tells how far they are, and writes the result."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _train(Path(run), Path(control))
    except TwoStageError as error:
        (Path(control) / FAILURE).write_text(str(error), encoding="utf-8")
        sys.exit(1)


def _end_with_parent() -> None:
    """Whoever started this process holds its input; where that one is killed, nobody waits for the result."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


def _train(run: Path, control: Path) -> None:
    first = is_first()
    order: dict[str, Any] = json.loads((control / ORDER).read_bytes())
    opened, name = open_directory(run), order["stage"]
    by_name = {stage.name: stage for stage in opened.plan.stages}
    stage = by_name[name]
    names = {name, getattr(stage, "source", None)}
    plan = Plan(opened.plan.config, tuple(each for each in opened.plan.stages if each.name in names))
    with stoppable(), closing(Store(opened.root)) as store:
        observer = EventWriter(control / EVENTS) if first else Silent()
        work = Work(plan, Workshop(opened.plan.config), store, observer)
        if work.keys[name] != opened.keys[name]:
            raise TrainingError(CHANGED)
        state = None if order["state"] is None else Path(order["state"])
        home = store.work(work.keys[name])
        snapshots = GivenSnapshots(home, store.scratch, state=state, epochs=order["epochs"], first=first)
        result = work.trained(stage, Path(order["folder"]), snapshots, lambda: None)
        if first:
            (control / RESULT).write_text(json_text(result.as_json()), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
