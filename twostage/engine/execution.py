"""Running a plan: every stage once, its files in place when it is done, the manifest up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from twostage.engine.executors import Executor, InProcess, run_all
from twostage.engine.leftovers import refuse_leftovers
from twostage.engine.observer import Observer
from twostage.engine.outcome.artifacts import RunDirectory, RunFolders, told_plainly
from twostage.engine.outcome.manifest import Manifest
from twostage.engine.outcome.reopening import finished
from twostage.engine.outcome.results import Failure, RunSummary, StageError
from twostage.engine.planning.keys import run_key
from twostage.engine.planning.plan import Plan
from twostage.engine.remote.nodes import follow, node_of
from twostage.engine.store.store import Store
from twostage.engine.training.loggers import check_loggers
from twostage.engine.training.stopping import stoppable
from twostage.engine.work import Work
from twostage.engine.workshop import Workshop

__all__ = ["Executor", "execute"]


def execute(
    plan: Plan,
    *,
    root: Path,
    lock: str,
    observer: Observer,
    executor: Executor | None = None,
    keep_going: bool = False,
    raises: bool = True,
    fresh: bool = False,
    into: Path | None = None,
) -> RunSummary:
    """Run what of a plan is not done yet, under ``root``. Raises TwoStageError for a user's mistake.

    A stage that fails ends the run with its error, which is in the summary instead where this ``raises`` none of them;
    with ``keep_going`` it is left out with all that starts from it.
    ``fresh`` trains again what is done. ``into`` is the folder of the run; without it, that of an earlier run of the
    same plan, or a new one. Whatever ends the run early carries a note on where the stages are that finished.
    """
    refuse_leftovers(plan.config)
    check_loggers(plan.config)
    node = node_of(plan, executor)
    with stoppable(), told_plainly(root), closing(Store(root)) as store:
        work = Work(plan, Workshop(plan.config), store, observer)
        if fresh and node == 0:
            for key in work.keys.values():
                store.forget(key)
        elif into is None and (done := finished(work)) is not None:
            return _told(work, done)
        work.check()
        if node > 0:
            return follow(work, node)
        with _directory(work, into) as directory:
            observer.run_started(plan)
            return _run(work, directory, lock, executor or InProcess(), keep_going=keep_going, raises=raises)


def _told(work: Work, summary: RunSummary) -> RunSummary:
    """Say that all of a run is done; nothing is written, so that a store may be read-only."""
    work.observer.run_started(work.plan)
    for result in summary.stages:
        work.observer.stage_finished(result)
    return summary


def _run(
    work: Work, directory: RunDirectory, lock: str, executor: Executor, *, keep_going: bool, raises: bool
) -> RunSummary:
    work.directory = directory
    with told_plainly(directory.root):
        manifest = Manifest(work.plan, work.keys, directory, lock)
        with manifest.kept():
            for outcome in run_all(work, executor):
                manifest.add(outcome)
                if not isinstance(outcome, Failure):
                    work.observer.stage_finished(outcome)
                    continue
                work.observer.stage_failed(outcome)
                if not keep_going and raises:
                    raise outcome.error or StageError(f"{outcome.name}: {outcome.message} (log: {outcome.log})")
                if not keep_going:
                    break
    return RunSummary(directory.path, manifest.ordered(), tuple(manifest.failures.values()), len(work.plan.stages))


@contextmanager
def _directory(work: Work, into: Path | None) -> Iterator[RunDirectory]:
    if into is None:
        source, now = work.workshop.source_name, datetime.now(tz=UTC).astimezone()
        key = run_key(work.plan, work.keys)
        directory = RunFolders(work.store).open(work.plan.config, key=key, source=source, started=now)
    else:
        directory = RunDirectory(into, work.store)
    try:
        yield directory
    except BaseException as error:
        error.add_note(f"The stages that finished are in {directory.path}")
        error.add_note(f"To go on: twostage resume {directory.path}")
        raise
