"""A run from its folder: what was asked for when it was started, whatever has become of the files since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twostage.config.load import LoadedDocument, load_document
from twostage.engine.outcome.artifacts import RunFolders, key_in, read_json
from twostage.engine.outcome.manifest import LOCK, MANIFEST, PLAN
from twostage.engine.outcome.results import RunSummary, result_of
from twostage.engine.planning.keys import run_key
from twostage.engine.planning.plan import AdaptStage, Plan, Stage, make_plan
from twostage.engine.store.store import FOLDER
from twostage.engine.work import Work
from twostage.errors import OutputError


@dataclass(frozen=True)
class OpenedRun:
    """The document, the plan and the keys of a run, as they were when it was started, and the folder of its store."""

    directory: Path
    root: Path
    document: LoadedDocument
    plan: Plan
    keys: Mapping[str, str]


def open_directory(path: Path) -> OpenedRun:
    """Read the folder of a run, or its manifest's. Raises OutputError when it is none."""
    directory = path.parent if path.name in {MANIFEST, LOCK, PLAN} else path
    planned = read_json(directory / PLAN)
    if planned is None or not (directory / LOCK).is_file():
        raise OutputError(f"{directory} is no folder of a run: it has no {LOCK} and {PLAN}")
    document = load_document(directory / LOCK)
    by_name = {stage.name: stage for stage in make_plan(document.config).stages}
    stages = tuple(_as_started(by_name[entry["name"]], entry) for entry in planned["stages"])
    keys = {entry["name"]: entry["key"] for entry in planned["stages"]}
    return OpenedRun(directory, _root_of(directory), document, Plan(document.config, stages), keys)


def finished(work: Work) -> RunSummary | None:
    """What an earlier run of the same document has found, where all of it is in its folder and in the store."""
    directory = RunFolders(work.store).known(run_key(work.plan, work.keys))
    manifest = None if directory is None else read_json(directory / MANIFEST)
    if directory is None or manifest is None or manifest["status"] != "complete":
        return None
    results = []
    for stage in work.plan.stages:
        record = work.store.find(work.keys[stage.name])
        if record is None or key_in(directory / stage.name) != record.key:
            return None
        results.append(result_of(stage, record.key, directory / stage.name, record.content["result"]))
    return RunSummary(directory, tuple(results), planned=len(results))


def _as_started(stage: Stage, entry: Mapping[str, Any]) -> Stage:
    if not isinstance(stage, AdaptStage):
        return stage
    checkpoint = entry["checkpoint"]
    return replace(stage, source=entry["source"], checkpoint=None if checkpoint is None else Path(checkpoint))


def _root_of(directory: Path) -> Path:
    """The folder of all runs that this one lies in: the one with the store."""
    above = directory.resolve().parents
    return next((folder for folder in above if (folder / FOLDER).is_dir()), above[2])
