"""How far a stage is, as lines of JSON in a file: written by a worker, followed by the process that started it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twostage.engine.observer import Observer, Silent
from twostage.engine.planning.plan import Stage

Event = Mapping[str, Any]


class EventWriter(Silent):
    """An observer that writes down what it is told; each line goes out whole."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, kind: str, stage: str, **values: Any) -> None:
        """Add one event."""
        self._file.write(json.dumps({"event": kind, "stage": stage, **values}) + "\n")

    def stage_started(self, stage: Stage, *, epochs: int, batches: int) -> None:
        """A training begins."""
        self.write("started", stage.name, epochs=epochs, batches=batches)

    def batch_done(self, stage: Stage, *, epoch: int, batch: int, loss: float) -> None:
        """A batch is done."""
        self.write("batch", stage.name, epoch=epoch, batch=batch, loss=loss)

    def epoch_done(self, stage: Stage, *, epoch: int, metrics: dict[str, float]) -> None:
        """An epoch is done."""
        self.write("epoch", stage.name, epoch=epoch, metrics=metrics)


class EventReader:
    """Follows a file of events; the part of a line that is not written to its end yet waits for the next look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def fresh(self) -> list[Event]:
        """What has been written since the last look."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                new = file.read()
        except FileNotFoundError:
            return []
        self._offset += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        return [json.loads(line) for line in lines]


def tell(observer: Observer, stage: Stage, event: Event) -> None:
    """Tell an observer here what has happened elsewhere; outcomes are told by whoever settles them."""
    values = {name: value for name, value in event.items() if name not in {"event", "stage"}}
    told: dict[str, Callable[..., None]] = {
        "started": observer.stage_started,
        "batch": observer.batch_done,
        "epoch": observer.epoch_done,
    }
    if event["event"] in told:
        told[event["event"]](stage, **values)
