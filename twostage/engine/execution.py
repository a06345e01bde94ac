"""Running a plan: every stage in its turn, its files in place when it is done, the manifest up to date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from twostage.config.splits import AsExecutedSplit
from twostage.engine.artifacts import RunDirectory, told_plainly
from twostage.engine.checkpoints import Checkpoint, load_checkpoint, load_pretrained
from twostage.engine.leftovers import refuse_leftovers
from twostage.engine.loaders import StageLoaders
from twostage.engine.manifest import Manifest
from twostage.engine.observer import Observer
from twostage.engine.plan import AdaptStage, Plan, Stage
from twostage.engine.results import CHECKPOINT, RunSummary, StageResult
from twostage.engine.runner import build_objective, run_stage_in, transferred
from twostage.engine.seen import refuse_seen, stretches
from twostage.engine.stage_data import StageData
from twostage.engine.stopping import stoppable
from twostage.engine.training import check_device
from twostage.engine.workshop import Workshop
from twostage.errors import TransferError


class Executor(Protocol):
    """Runs the stages of a plan; results come as stages finish, each after those that it starts from."""

    def execute(self, work: Work) -> Iterator[StageResult]:
        """Run every stage of the work."""
        ...


class InProcess:
    """One stage after another in this process."""

    def execute(self, work: Work) -> Iterator[StageResult]:
        """Run the stages in the order of the plan."""
        for stage in work.plan.stages:
            yield work.run(stage)


class Work:
    """A plan, its data and its folder: what an executor needs to run a stage."""

    def __init__(self, plan: Plan, workshop: Workshop, directory: RunDirectory, observer: Observer) -> None:
        self.plan, self.workshop, self.directory, self.observer = plan, workshop, directory, observer
        self._stages = {stage.name: stage for stage in plan.stages}
        self.data: Mapping[str, StageData] = {stage.name: workshop.prepare(stage) for stage in plan.stages}
        self.digests = {stage.name: workshop.survey(stage) for stage in plan.stages}

    def check(self) -> None:
        """Before anything trains: find the device, build networks and batches, load what stage 2 starts from."""
        for trainer in {stage.config.trainer: None for stage in self.plan.stages}:
            check_device(trainer)
        for stage in self.plan.stages:
            objective, data = build_objective(stage, self.data[stage.name]), self.data[stage.name]
            loaders = StageLoaders(data, seed=stage.seed, pairs=objective.pairs, items=objective.items)
            loaders.train_dataloader(), loaders.val_dataloader()
            self._refuse_seen(stage)
            if isinstance(stage, AdaptStage) and stage.checkpoint is not None:
                transferred(stage, objective, data, self.digests[stage.name], load_pretrained(stage.checkpoint))

    def _refuse_seen(self, stage: Stage) -> None:
        """Of a pretraining that several variants share, each tests on nothing that it sees."""
        source = self._stages.get(stage.source or "") if isinstance(stage, AdaptStage) else None
        if source is None or source.branch.variant == stage.branch.variant:
            return  # the split of a variant looks after its own
        data = self.data[stage.name]
        if not isinstance(data.config.split, AsExecutedSplit):
            seen = stretches(self.data[source.name], self.digests[source.name], ("train", "validation"))
            refuse_seen(source.name, seen, stretches(data, self.digests[stage.name], ("test",)))

    def run(self, stage: Stage) -> StageResult:
        """Run one stage and put its files in place."""
        start = self._start(stage)
        folder = self.directory.aside(stage.name)
        data, digests = self.data[stage.name], self.digests[stage.name]
        result = run_stage_in(folder, stage, data, digests=digests, start=start, observer=self.observer)
        return replace(result, directory=self.directory.commit(stage.name))

    def _start(self, stage: Stage) -> Checkpoint | None:
        """The checkpoint that a stage starts from; its digest must be the one that its stage has saved."""
        if not isinstance(stage, AdaptStage):
            return None
        if stage.source is None:
            return None if stage.checkpoint is None else load_pretrained(stage.checkpoint)
        checkpoint = load_checkpoint(self.directory.path / stage.source / CHECKPOINT)
        if checkpoint.stage != stage.source:
            raise TransferError(f"{checkpoint.path} was saved by {checkpoint.stage}, not by {stage.source}")
        return checkpoint


def execute(
    plan: Plan,
    *,
    root: Path,
    lock: str,
    observer: Observer,
    executor: Executor | None = None,
) -> RunSummary:
    """Run a plan under ``root`` and return what it found. Raises TwoStageError for a user's mistake.

    Whatever ends the run early carries a note on where the stages are that finished.
    """
    refuse_leftovers(plan.config)
    with stoppable(), told_plainly(root):
        workshop = Workshop(plan.config)
        with _directory(plan, workshop, root) as directory:
            work = Work(plan, workshop, directory, observer)
            work.check()
            observer.run_started(plan)
            return _run(work, lock, executor or InProcess())


def _run(work: Work, lock: str, executor: Executor) -> RunSummary:
    manifest = Manifest(work.plan, work.directory, lock)
    with manifest.kept(), told_plainly(work.directory.root):
        for result in executor.execute(work):
            manifest.add(result)
            work.observer.stage_finished(result)
    return RunSummary(work.directory.path, tuple(manifest.results))


@contextmanager
def _directory(plan: Plan, workshop: Workshop, root: Path) -> Iterator[RunDirectory]:
    directory = RunDirectory(root, plan.config, source=workshop.source_name, started=datetime.now(tz=UTC).astimezone())
    try:
        yield directory
    except BaseException as error:
        if directory.exists:
            error.add_note(f"The stages that finished are in {directory.path}")
        raise
    finally:
        directory.close()
