"""The manifest of a run: what is in its folder, from what it was made, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from twostage.config.points import points_of
from twostage.engine.outcome.artifacts import RunDirectory, read_json
from twostage.engine.outcome.results import Failure, StageResult, audit_of
from twostage.engine.planning.keys import code_digest, versions
from twostage.engine.planning.plan import AdaptStage, Plan, is_trivial
from twostage.engine.store.files import json_text
from twostage.engine.training.stopping import Terminated

FORMAT = 1
LOCK = "config.lock.yaml"
MANIFEST = "manifest.json"
PLAN = "plan.json"
# The manifest is written as a whole, so ever more seldom the longer that takes: all stages together stay linear.
_PAUSE = 20


class Manifest:
    """``manifest.json``, the only file of a run that readers trust.

    Beside it, written once at the start: ``config.lock.yaml``, the document that runs whatever becomes of the file that
    it came from, and ``plan.json``, its stages with their keys.
    """

    def __init__(self, plan: Plan, keys: Mapping[str, str], directory: RunDirectory, lock: str) -> None:
        self.plan, self.directory = plan, directory
        self.results: dict[str, StageResult] = {}
        self.failures: dict[str, Failure] = {}
        self.started = datetime.now(tz=UTC)
        self._clock = time.perf_counter()
        self._next = 0.0
        if not (directory.path / LOCK).exists():
            directory.write(LOCK, lock)
        directory.write(PLAN, json_text(_planned(plan, keys)))

    def add(self, outcome: StageResult | Failure) -> None:
        """Enter a stage that finished or failed."""
        if isinstance(outcome, Failure):
            self.failures[outcome.name] = outcome
        else:
            self.results[outcome.name] = outcome
        if time.perf_counter() >= self._next:
            self._write("running")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Say in the manifest how the run ended, whatever happens; stages that finished stay."""
        self._write("running")
        try:
            yield
        except (KeyboardInterrupt, Terminated):
            self._end("interrupted")
            raise
        except BaseException:
            self._end("failed")
            raise
        self._end("failed" if self.failures else "complete")

    def ordered(self) -> tuple[StageResult, ...]:
        """The results in the order of the plan."""
        return tuple(self.results[stage.name] for stage in self.plan.stages if stage.name in self.results)

    def _end(self, status: str) -> None:
        self.directory.free_reserve()
        self._write(status)

    def _write(self, status: str) -> None:
        began = time.perf_counter()
        content = {
            "format": FORMAT,
            "status": status,
            "name": self.plan.config.name,
            "config": LOCK,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": round(began - self._clock, 3),
            "versions": versions(),
            "code": code_digest(),
            "variants": {point.name: dict(point.set) for point in points_of(self.plan.config)},
            "planned": [stage.name for stage in self.plan.stages],
            "stages": [self._entry(result) for result in self.ordered()],
            "audit": [comparison.as_json() for comparison in audit_of(self.ordered()).comparisons],
            "failures": [_failed(failure) for failure in self.failures.values()],
        }
        self.directory.write(MANIFEST, json_text(content))
        now = time.perf_counter()
        self._next = now + _PAUSE * (now - began)

    def _entry(self, result: StageResult) -> dict[str, Any]:
        stage = result.stage
        start = (stage.source or stage.checkpoint) if isinstance(stage, AdaptStage) else None
        return {
            "name": result.name,
            "key": result.key,
            "seed": stage.seed,
            "branch": asdict(stage.branch),
            "variant": stage.variant if isinstance(stage, AdaptStage) else None,
            "systems": list(stage.target.ids) if isinstance(stage, AdaptStage) else [],
            "tasks": list(stage.target.tasks or ()) if isinstance(stage, AdaptStage) else [],
            "start": None if start is None else str(start),
            "transfer": None if result.transfer is None else result.transfer.summary(),
            "data_digest": result.data_digest,
            "checkpoint": None if is_trivial(stage) else str(result.checkpoint.relative_to(self.directory.path)),
            "checkpoint_digest": result.digest,
            "precision": result.precision,
            "epochs": result.epochs,
            "best_epoch": result.best_epoch,
            "seconds": round(result.seconds, 3),
            "metrics": dict(result.metrics),
            "notices": [{"code": notice.code, "message": notice.message} for notice in result.notices],
        }


def is_complete(directory: RunDirectory) -> bool:
    """Whether the run in this folder has ended with all of its stages."""
    content = read_json(directory.path / MANIFEST)
    return content is not None and content["status"] == "complete"


def _planned(plan: Plan, keys: Mapping[str, str]) -> dict[str, Any]:
    stages = [
        {
            "name": stage.name,
            "key": keys[stage.name],
            "source": stage.source if isinstance(stage, AdaptStage) else None,
            "checkpoint": str(stage.checkpoint) if isinstance(stage, AdaptStage) and stage.checkpoint else None,
        }
        for stage in plan.stages
    ]
    return {"format": FORMAT, "code": code_digest(), "stages": stages}


def _failed(failure: Failure) -> dict[str, Any]:
    log = None if failure.log is None else str(failure.log)
    return {"name": failure.name, "message": failure.message, "cause": failure.cause, "log": log}
