"""The further nodes of trainings that several nodes do together: they follow the first one.

The first node plans, trains, and writes into the store, as if it were alone. The others wait for its meetings, and
start their processes there.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from twostage.engine.executors import Executor, InProcess
from twostage.engine.outcome.artifacts import RunFolders, read_json
from twostage.engine.outcome.manifest import MANIFEST
from twostage.engine.outcome.reopening import open_directory
from twostage.engine.outcome.results import Failure, RunSummary, StageResult
from twostage.engine.planning.keys import run_key
from twostage.engine.planning.plan import Plan
from twostage.engine.remote.meeting import Meeting, found
from twostage.engine.remote.ranks import FAILURE, over, processes
from twostage.engine.store.store import Store
from twostage.engine.training.stopping import stoppable
from twostage.engine.work import Work
from twostage.errors import TrainingError

_NAMES = ("NODE_RANK", "GROUP_RANK", "SLURM_NODEID")
_LOOK = 0.5


def node_of(plan: Plan, executor: Executor | None) -> int:
    """Which node of a run that several train together this process is on; 0 where it begins trainings itself.

    torchrun says it in GROUP_RANK and srun in SLURM_NODEID. Raises TrainingError where an executor has one node for a
    training, or nobody says which node this is.
    """
    most = max((stage.config.trainer.nodes for stage in plan.stages), default=1)
    if most == 1 or getattr(executor, "several_nodes", False):
        return 0
    if executor is not None and not isinstance(executor, InProcess):
        raise TrainingError(
            f"trainer.nodes is {most}, but this executor gives a training one node; choose slurm, or none and start "
            "the command on each node"
        )
    written = next((os.environ[name] for name in _NAMES if os.environ.get(name)), None)
    if written is None:
        others = "NODE_RANK=1 on the other" if most == 2 else f"NODE_RANK=1 to {most - 1} on the others"  # noqa: PLR2004
        raise TrainingError(
            f"trainer.nodes is {most}: choose executor slurm, or start this command on each node, with NODE_RANK=0 and "
            f"MASTER_ADDR=(a name of its own) on the first and {others}"
        )
    if not written.isdecimal() or int(written) >= most:
        raise TrainingError(f"NODE_RANK is {written}, but trainer.nodes is {most}, and nodes are counted from 0")
    return int(written)


def follow(work: Work, node: int) -> RunSummary:
    """Take part in the trainings of a run until the first node has ended it; what it has found."""
    before = _manifest(work)
    keys = [work.keys[stage.name] for stage in work.plan.stages if stage.config.trainer.nodes > node]
    met: set[str] = set()
    while not _ended(_manifest(work), None if met else before):
        for key in keys:
            _join(work.store, key, node, met)
        time.sleep(_LOOK)
    return _summary(work)


def _ended(now: Mapping[str, Any] | None, before: Mapping[str, Any] | None) -> bool:
    """Whether the first node has ended the run; what an earlier run has left (``before``) does not say so."""
    return now is not None and now["status"] != "running" and now != before


def follow_stage(run: str, name: str, node: int, ended: Callable[[], bool]) -> None:
    """Take part in one training of a run, once; ``ended`` tells that it will not begin any more."""
    opened = open_directory(Path(run))
    met: set[str] = set()
    with stoppable(), closing(Store(opened.root)) as store:
        while not met and not ended():
            _join(store, opened.keys[name], node, met)
            time.sleep(_LOOK)


def _join(store: Store, key: str, node: int, met: set[str]) -> None:
    """Start the processes of this node where the first one waits for them, and stay until they have ended."""
    meeting = found(store, key)
    if meeting is None or meeting.control in met:
        return
    met.add(meeting.control)
    try:
        _take_part(store, key, meeting, node)
    except TrainingError as error:
        with suppress(FileNotFoundError):  # the first node knows already
            (Path(meeting.control) / FAILURE).open("x").write(f"{error} (on node {node}, {platform.node()})")


def _take_part(store: Store, key: str, meeting: Meeting, node: int) -> None:
    with processes(meeting, node=node) as children:
        while not over(children, Path(meeting.control)):
            if found(store, key) != meeting:
                return  # given up, or begun anew
            time.sleep(_LOOK)


def _manifest(work: Work) -> Mapping[str, Any] | None:
    directory = RunFolders(work.store).known(run_key(work.plan, work.keys))
    return None if directory is None else read_json(directory / MANIFEST)


def _summary(work: Work) -> RunSummary:
    directory = RunFolders(work.store).known(run_key(work.plan, work.keys))
    assert directory is not None  # noqa: S101 - its manifest was read
    results: list[StageResult] = []
    failures: list[Failure] = []
    for stage in work.plan.stages:
        result = work.find(stage)
        if result is None:
            failures.append(Failure(stage, "it is not done; the first node tells why", None))
        else:
            results.append(result)
    return RunSummary(directory, tuple(results), tuple(failures), planned=len(work.plan.stages))
