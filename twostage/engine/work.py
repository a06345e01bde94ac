"""What an executor needs to run the stages of a plan, and what it gives back."""

from __future__ import annotations

import platform
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from twostage.config.splits import AsExecutedSplit
from twostage.engine.inputs.loaders import StageLoaders
from twostage.engine.inputs.rehearsal import rehearse
from twostage.engine.inputs.seen import refuse_seen, stretches
from twostage.engine.observer import Observer
from twostage.engine.outcome.artifacts import RunDirectory, told_plainly
from twostage.engine.outcome.results import CHECKPOINT, Failure, StageResult, result_of
from twostage.engine.pinned_code import pinned_code
from twostage.engine.planning.keys import Keys, versions, written
from twostage.engine.planning.plan import AdaptStage, Plan, Stage, section_of, trains
from twostage.engine.remote.ranks import train_together
from twostage.engine.runner import build_objective, run_stage_in, transferred
from twostage.engine.store.leases import Lease
from twostage.engine.store.processes import this_process
from twostage.engine.store.store import Record, Store
from twostage.engine.training.halfway import Snapshots
from twostage.engine.training.trainer import check_device
from twostage.engine.transfer.checkpoints import Checkpoint, load_checkpoint, load_pretrained
from twostage.engine.workshop import Workshop
from twostage.errors import OutputError, TransferError, TwoStageError

LOGS = "logs"


@dataclass(frozen=True)
class Busy:
    """A stage that another process, of this run or another one, is at work on; it is to be asked for again later."""

    stage: Stage


Outcome = StageResult | Failure | Busy


class Work:
    """A plan, its keys, its data and its store.

    ``directory`` is the folder of the run; None while nothing has been written.
    """

    def __init__(self, plan: Plan, workshop: Workshop, store: Store, observer: Observer) -> None:
        self.plan, self.workshop, self.store, self.observer = plan, workshop, store, observer
        self.directory: RunDirectory | None = None
        self._stages = {stage.name: stage for stage in plan.stages}
        self._keys = Keys(workshop)
        self.keys: Mapping[str, str] = self._keys.of(plan)

    @cached_property
    def code(self) -> Path:
        """A copy of the code as it is now, for the processes that train stages; it is there as long as this process."""
        return pinned_code(self.plan, self.store.scratch.fresh())

    def check(self) -> None:
        """Before anything trains: find the device, build networks and batches, load what stage 2 starts from."""
        waiting = [stage for stage in self.plan.stages if self.store.find(self.keys[stage.name]) is None]
        for trainer in {stage.config.trainer: None for stage in waiting}:
            check_device(trainer)
        for stage in waiting:
            data = self.workshop.prepare(stage)
            objective = build_objective(stage, data)
            loaders = StageLoaders(
                data,
                seed=stage.seed,
                pairs=objective.pairs,
                mixed=objective.mixed,
                items=objective.items,
                sampler=section_of(stage).sampler,
            )
            loaders.train_dataloader(), loaders.val_dataloader()
            if stage.config.trainer.processes == 1:  # several would share the windows in another way
                rehearse(objective, loaders)
            self._refuse_seen(stage)
            if isinstance(stage, AdaptStage) and stage.checkpoint is not None:
                start = load_pretrained(stage.checkpoint)
                transferred(stage, objective, data, self.workshop.survey(stage), start)

    def _refuse_seen(self, stage: Stage) -> None:
        """Of a pretraining that several variants share, each tests on nothing that it sees."""
        source = self._stages.get(stage.source or "") if isinstance(stage, AdaptStage) else None
        if source is None or source.branch.variant == stage.branch.variant:
            return  # the split of a variant looks after its own
        data = self.workshop.prepare(stage)
        if not isinstance(data.config.split, AsExecutedSplit):
            seen = stretches(self.workshop.prepare(source), self.workshop.survey(source), ("train", "validation"))
            refuse_seen(source.name, seen, stretches(data, self.workshop.survey(stage), ("test",)))

    def find(self, stage: Stage) -> StageResult | None:
        """The result of a stage that is finished already, here or in another run, with its files in this run."""
        record = self.store.find(self.keys[stage.name])
        if record is None:
            return None
        self.store.tidy(record.key)
        return self._placed(stage, record)

    def run(self, stage: Stage) -> Outcome:
        """Train one stage, or take it from the store. What it starts from must be finished.

        A training that fails is a Failure with a log. What ends the whole run is raised: results that cannot be
        written, Ctrl-C, and mistakes of ours.
        """
        if (found := self.find(stage)) is not None:
            return found
        lease = self.store.claim(self.keys[stage.name])
        if lease is None:
            return Busy(stage)
        with lease.kept():
            if (record := self.store.find(self.keys[stage.name])) is not None:
                self.store.done(record.key)
                return self._placed(stage, record)
            try:
                with told_plainly(self.store.root):
                    result = self._placed(stage, self._train(stage, lease))
            except OutputError:
                raise
            except (TwoStageError, RuntimeError, MemoryError) as error:  # torch raises RuntimeError for its devices
                return self._failed(stage, error)
            self.store.done(self.keys[stage.name])
            return result

    def log_of(self, name: str) -> Path:
        """Where the story of a stage that fails is written."""
        assert self.directory is not None  # noqa: S101 - stages run in runs
        return self.directory.path / LOGS / f"{name}.log"

    def trained(self, stage: Stage, folder: Path, snapshots: Snapshots, alive: Callable[[], None]) -> StageResult:
        """Train one stage in this process, which may be one of several that do it together."""
        return run_stage_in(
            folder,
            stage,
            self.workshop.prepare(stage),
            key=self.keys[stage.name],
            digests=self.workshop.survey(stage),
            start=self._start(stage),
            observer=self.observer,
            snapshots=snapshots,
            alive=alive,
        )

    def _train(self, stage: Stage, lease: Lease) -> Record:
        key, began = self.keys[stage.name], datetime.now(tz=UTC)
        folder, snapshots = self.store.scratch.fresh(), Snapshots(lease.folder, self.store.scratch)
        if stage.config.trainer.processes > 1 and trains(stage):
            result = train_together(self, stage, folder, snapshots, lease.alive)
        else:
            result = self.trained(stage, folder, snapshots, lease.alive)
        made = {"started": began.isoformat(timespec="seconds"), "versions": versions(), **_machine()}
        content = {
            "name": stage.name,
            "made_of": {**self._keys.made_of(stage, self.keys), "document": written(stage)},
            "made": made,
            "like": self._keys.like(stage),
            "result": result.as_json(),
        }
        return self.store.commit(key, folder, content)

    def _placed(self, stage: Stage, record: Record) -> StageResult:
        folder = record.folder if self.directory is None else self.directory.place(stage.name, record)
        return result_of(stage, record.key, folder, record.content["result"])

    def _start(self, stage: Stage) -> Checkpoint | None:
        """The checkpoint that a stage starts from; its digest must be the one that its stage has saved."""
        if not isinstance(stage, AdaptStage):
            return None
        if stage.source is None:
            return None if stage.checkpoint is None else load_pretrained(stage.checkpoint)
        record = self.store.find(self.keys[stage.source])
        if record is None:
            raise TransferError(f"{stage.name} starts from {stage.source}, which is not finished")
        checkpoint = load_checkpoint(record.folder / CHECKPOINT)
        if checkpoint.digest != record.content["result"]["digest"]:
            raise TransferError(f"{checkpoint.path} does not hold what {stage.source} has saved")
        return checkpoint

    def _failed(self, stage: Stage, error: BaseException) -> Failure:
        message = str(error) or type(error).__name__
        log = self.log_of(stage.name)
        story = "".join(traceback.format_exception(error))
        with told_plainly(self.store.root):
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(f"{datetime.now(tz=UTC).isoformat(timespec='seconds')} {message}\n\n{story}", "utf-8")
        return Failure(stage, message, log, error=error)


def _machine() -> dict[str, Any]:
    """On what the numbers were made; the last bits may be others elsewhere."""
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.machine()
    return {"host": platform.node(), "pid": this_process().pid, "threads": torch.get_num_threads(), "device": device}
