"""Checkpoints of earlier runs, found through their manifests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twostage.engine.planning.plan import AdaptStage, Plan, PretrainStage
from twostage.errors import TransferError, TwoStageError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class EarlierRun:
    """A run that has written its manifest. ``checkpoints`` are those of its finished stages, by name."""

    directory: Path
    name: str
    status: str
    started: str
    planned: tuple[str, ...]
    checkpoints: dict[str, Path]


def earlier_runs(folder: Path) -> list[EarlierRun]:
    """The runs in a folder and below it, the newest first. Raises TwoStageError for a damaged manifest."""
    if not folder.is_dir():
        raise TwoStageError(f"{folder} is no folder; expected the folder of an earlier run, or one that holds runs")
    runs = [_run(path) for path in sorted(folder.rglob(MANIFEST))]
    return sorted(runs, key=lambda run: (run.started, str(run.directory)), reverse=True)


def _run(path: Path) -> EarlierRun:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        saved = {stage["name"]: stage["checkpoint"] for stage in content["stages"]}
        checkpoints = {name: path.parent / file for name, file in saved.items() if file is not None}
        return EarlierRun(
            directory=path.parent,
            name=content["name"],
            status=content["status"],
            started=content["started"],
            planned=tuple(content["planned"]),
            checkpoints=checkpoints,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TwoStageError(f"{path} is not the manifest of a run: {error}") from error


def pretrainings(plan: Plan) -> Plan:
    """The pretrainings of a plan alone. Raises TwoStageError where it has none."""
    stages = tuple(stage for stage in plan.stages if isinstance(stage, PretrainStage))
    if not stages:
        raise TwoStageError("the document has no stage_1")
    return Plan(plan.config, stages)


def from_earlier(plan: Plan, folder: Path) -> Plan:
    """The adaptations of a plan, from the checkpoints of the newest run in ``folder`` that has all of them.

    Raises TwoStageError where the plan adapts nothing, TransferError where no run has what it needs.
    """
    adaptations = [stage for stage in plan.stages if isinstance(stage, AdaptStage)]
    if not adaptations:
        raise TwoStageError("the document has no stage_2")
    needed = tuple(dict.fromkeys(_origin(stage) for stage in adaptations if _starts(stage)))
    run = _with_all(earlier_runs(folder), needed, folder)
    stages = tuple(_moved(stage, run) if _starts(stage) else stage for stage in adaptations)
    return Plan(plan.config, stages)


def _starts(stage: AdaptStage) -> bool:
    """Whether an adaptation is to start from a pretraining: all do where the document has none of its own."""
    return stage.source is not None or stage.config.stage_1 is None


def _origin(stage: AdaptStage) -> str:
    """The name of the pretraining that belongs to an adaptation."""
    return PretrainStage(stage.config, replace(stage.branch, repeat=None, shots=None), stage.document).name


def _moved(stage: AdaptStage, run: EarlierRun) -> AdaptStage:
    return replace(stage, variant="pretrained", source=None, checkpoint=run.checkpoints[_origin(stage)])


def _with_all(runs: Sequence[EarlierRun], needed: Sequence[str], folder: Path) -> EarlierRun:
    for run in runs:
        if all(name in run.checkpoints for name in needed):
            return run
    if not runs:
        raise TransferError(f"{folder} holds no run: there is no {MANIFEST} in it or below it")
    best = max(runs, key=lambda run: sum(name in run.checkpoints for name in needed))
    missing = [name for name in needed if name not in best.checkpoints]
    there = ", ".join(best.checkpoints) or "no finished stage"
    raise TransferError(
        f"no run in {folder} has finished every pretraining that the document needs; {best.directory} has {there}, "
        f"and lacks {', '.join(missing)}"
    )
