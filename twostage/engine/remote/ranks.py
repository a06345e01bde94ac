"""Several processes that train one stage together, each with a device of its own."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twostage.engine.outcome.results import StageResult, result_of
from twostage.engine.planning.plan import Stage
from twostage.engine.remote.children import Child, how_it_ended
from twostage.engine.remote.events import EventReader, tell
from twostage.engine.remote.meeting import Meeting, told
from twostage.engine.store.files import json_text
from twostage.engine.training.halfway import Snapshots, resumed
from twostage.errors import TrainingError

if TYPE_CHECKING:
    from twostage.engine.work import Work

ORDER, EVENTS, RESULT, FAILURE = "order.json", "events.jsonl", "result.json", "failure.txt"
# Set for the processes of a stage: whoever has it was started here, and not by SLURM or by hand.
RANKS = "TWOSTAGE_RANKS"
_LOOK = 0.1


def is_first() -> bool:
    """Whether this process writes for all that train a stage together; one that trains alone does."""
    return RANKS not in os.environ or (os.environ["NODE_RANK"], os.environ["LOCAL_RANK"]) == ("0", "0")


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
        while not over(children, control):
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
    """The processes of this node; the others are told where to meet them."""
    trainer = stage.config.trainer
    assert work.directory is not None  # noqa: S101 - stages run in runs
    address, port = _address(trainer.nodes)
    meeting = Meeting(
        run=str(work.directory.path.absolute()),
        control=str(control.absolute()),
        code=str(work.code.absolute()),
        address=address,
        port=port,
        devices=trainer.devices,
        nodes=trainer.nodes,
    )
    with ExitStack() as stack:
        if trainer.nodes > 1:
            stack.enter_context(told(work.store, work.keys[stage.name], meeting))
        yield stack.enter_context(processes(meeting, node=0))


@contextmanager
def processes(meeting: Meeting, *, node: int) -> Iterator[list[Child]]:
    """The processes of one node, for as long as they are needed."""
    shared = {
        "MASTER_ADDR": meeting.address,
        "MASTER_PORT": str(meeting.port),
        "WORLD_SIZE": str(meeting.devices * meeting.nodes),
        "NODE_RANK": str(node),
        RANKS: "1",
    }
    children: list[Child] = []
    try:
        for rank in range(meeting.devices):
            log = Path(meeting.control) / f"rank-{node * meeting.devices + rank}.log"
            env = {**shared, "LOCAL_RANK": str(rank)}
            arguments, code = [meeting.run, meeting.control], Path(meeting.code)
            children.append(Child("twostage.engine.remote.rank", arguments, code=code, log=log, env=env))
        yield children
    finally:
        for child in children:
            child.stop(grace=0.0)  # one that waits for the others hears nothing


def over(children: list[Child], control: Path) -> bool:
    """Whether all have ended well. Raises TrainingError when one has not, here or on another node."""
    failure = control / FAILURE
    if failure.exists():
        raise TrainingError(failure.read_text(encoding="utf-8"))
    for child in children:
        if child.ended not in {None, 0}:
            process = child.log.stem.replace("-", " ")
            words = f"{process} of those that train together {how_it_ended(child.ended or 0)}: {child.last_words()}"
            raise TrainingError(words.rstrip(": "))
    return all(child.ended == 0 for child in children)


def _address(nodes: int) -> tuple[str, int]:
    """Where the processes find one another: this machine, by a name that other nodes know."""
    known = "127.0.0.1" if nodes == 1 else os.environ.get("MASTER_ADDR") or socket.gethostname()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1" if nodes == 1 else "", 0))
        port: int = probe.getsockname()[1]
        return known, port
