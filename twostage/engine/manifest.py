"""The manifest of a run: what is in its folder, from what it was made, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from twostage.config.points import points_of
from twostage.engine.artifacts import RunDirectory, json_text
from twostage.engine.keys import code_digest, versions
from twostage.engine.plan import AdaptStage, Plan, is_trivial
from twostage.engine.results import StageResult
from twostage.engine.stopping import Terminated

FORMAT = 1
LOCK = "config.lock.yaml"
MANIFEST = "manifest.json"


class Manifest:
    """``manifest.json``, rewritten as a whole after each stage; readers trust it and nothing else."""

    def __init__(self, plan: Plan, directory: RunDirectory, lock: str) -> None:
        self.plan, self.directory, self.lock = plan, directory, lock
        self.results: list[StageResult] = []
        self.started = datetime.now(tz=UTC)
        self._clock = time.perf_counter()

    def add(self, result: StageResult) -> None:
        """Enter a finished stage."""
        self.results.append(result)
        self._write("running" if len(self.results) < len(self.plan.stages) else "complete")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Say in the manifest how the run ended, whatever happens; stages that finished stay."""
        try:
            yield
        except (KeyboardInterrupt, Terminated):
            self._end("interrupted")
            raise
        except BaseException:
            self._end("failed")
            raise

    def _end(self, status: str) -> None:
        self.directory.clear()  # also where the disk is full, there is room for the manifest now
        if self.results:
            self._write(status)

    def _write(self, status: str) -> None:
        content = {
            "format": FORMAT,
            "status": status,
            "name": self.plan.config.name,
            "config": LOCK,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": round(time.perf_counter() - self._clock, 3),
            "versions": versions(),
            "code": code_digest(),
            "variants": {point.name: dict(point.set) for point in points_of(self.plan.config)},
            "planned": [stage.name for stage in self.plan.stages],
            "stages": [self._entry(result) for result in self.results],
        }
        if not (self.directory.path / LOCK).exists():
            self.directory.write(LOCK, self.lock)
        self.directory.write(MANIFEST, json_text(content))

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
