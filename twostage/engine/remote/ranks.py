"""Several processes that train one stage together, each with a device of its own."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twostage.engine.halfway import Snapshots, resumed
from twostage.engine.plan import Stage
from twostage.engine.remote.children import Child, how_it_ended
from twostage.engine.remote.events import EventReader, tell
from twostage.engine.results import StageResult, result_of
from twostage.engine.store.files import json_text
from twostage.errors import TrainingError

if TYPE_CHECKING:
    from twostage.engine.work import Work

ORDER, EVENTS, RESULT, FAILURE = "order.json", "events.jsonl", "result.json", "failure.txt"
# Set for the processes of a stage: whoever has it was started here, and not by SLURM or by hand.
RANKS = "TWOSTAGE_RANKS"
_LOOK = 0.1


def train_together(
    work: Work, stage: Stage, folder: Path, snapshots: Snapshots, alive: Callable[[], None]
) -> StageResult:
    """Train ``stage`` in one process for each device; its files are in ``folder``. Raises TrainingError.

    Where the training goes on is found here, before they start: so all of them begin alike.
    """
    control = work.store.scratch.fresh()
    state, epochs = resumed(folder, snapshots)
    order = {"folder": str(folder.absolute()), "state": None if state is None else str(state), "epochs": epochs}
    (control / ORDER).write_text(json_text({"stage": stage.name, **order}), encoding="utf-8")
    with _started(work, stage, control) as children:
        events = EventReader(control / EVENTS)
        while not _over(children, control):
            for event in events.fresh():
                alive()
                tell(work.observer, stage, event)
            time.sleep(_LOOK)
        for event in events.fresh():
            tell(work.observer, stage, event)
    written: Any = json.loads((control / RESULT).read_bytes())
    return result_of(stage, work.keys[stage.name], folder, written)


@contextmanager
def _started(work: Work, stage: Stage, control: Path) -> Iterator[list[Child]]:
    devices = stage.config.trainer.devices
    assert work.directory is not None  # noqa: S101 - stages run in runs
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": str(devices), RANKS: "1"}
    arguments = [str(work.directory.path.absolute()), str(control.absolute())]
    children: list[Child] = []
    try:
        for rank in range(devices):
            env = {**shared, "LOCAL_RANK": str(rank), "NODE_RANK": "0"}
            log = control / f"rank-{rank}.log"
            children.append(Child("twostage.engine.remote.rank", arguments, log=log, env=env))
        yield children
    finally:
        for child in children:
            child.stop(grace=0.0)  # one that waits for the others hears nothing


def _over(children: list[Child], control: Path) -> bool:
    """Whether all have ended well. Raises TrainingError when one has not."""
    for rank, child in enumerate(children):
        if child.ended not in {None, 0}:
            failure = control / FAILURE
            if failure.exists():
                raise TrainingError(failure.read_text(encoding="utf-8"))
            words = child.last_words()
            raise TrainingError(
                f"process {rank} of {len(children)} {how_it_ended(child.ended or 0)}: {words}".rstrip(": ")
            )
    return all(child.ended == 0 for child in children)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
