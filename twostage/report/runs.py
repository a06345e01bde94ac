"""The runs under a folder of results, as their manifests tell; nothing else is read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from twostage.config.checking.suggest import nearest_name
from twostage.errors import TwoStageError

LAST = "last"


class NoRunError(TwoStageError):
    """There is no such run."""


@dataclass(frozen=True)
class Run:
    """One run: its folder, its manifest, and the key of each training that it has planned."""

    folder: Path
    manifest: Mapping[str, Any]
    keys: Mapping[str, str]

    @property
    def id(self) -> str:
        """What to call it: the name of its folder."""
        return self.folder.name

    @property
    def started(self) -> datetime:
        """When it was started."""
        return datetime.fromisoformat(self.manifest["started"])

    @property
    def stages(self) -> Mapping[str, Mapping[str, Any]]:
        """The trainings that are finished, by name."""
        return {stage["name"]: stage for stage in self.manifest["stages"]}

    @property
    def failures(self) -> Sequence[Mapping[str, Any]]:
        """The trainings that have failed, or could not start."""
        found: Sequence[Mapping[str, Any]] = self.manifest.get("failures", [])
        return found

    @property
    def open(self) -> tuple[str, ...]:
        """The trainings that are neither finished nor failed, by name."""
        over = {*self.stages, *(failure["name"] for failure in self.failures)}
        return tuple(name for name in self.manifest["planned"] if name not in over)

    @property
    def lock(self) -> Path:
        """The document that has run."""
        return self.folder / str(self.manifest["config"])


def runs_under(root: Path) -> list[Run]:
    """Every run in this folder of results, the latest first. Folders without a manifest are none."""
    found = [run for path in root.glob("*/*/*/manifest.json") if (run := _read(path.parent)) is not None]
    return sorted(found, key=lambda run: (run.started, run.id), reverse=True)


def find_run(root: Path, wanted: str) -> Run:
    """A run by its folder, the name of its folder, that of its document, a part of the former, or ``last``.

    Raises NoRunError where there is none, or several.
    """
    if (run := _read(Path(wanted))) is not None:
        return run
    runs = runs_under(root)
    if wanted == LAST and runs:
        return runs[0]
    fits = (lambda run: run.id == wanted, lambda run: run.manifest["name"] == wanted, lambda run: wanted in run.id)
    fitting: list[Run] = next(filter(None, (list(filter(each, runs)) for each in fits)), [])
    if len(fitting) == 1:
        return fitting[0]
    raise NoRunError(_refusal(root, wanted, fitting or runs, several=bool(fitting)))


def rows_of(run: Run) -> Iterator[dict[str, Any]]:
    """One row for each metric of each finished training, with all that tells trainings apart."""
    for stage in run.stages.values():
        apart = {
            "run": run.id,
            "name": run.manifest["name"],
            "stage": stage["name"],
            "key": stage["key"],
            "start": stage["variant"],
            "systems": " ".join(map(str, stage["systems"])),
            "tasks": " ".join(stage.get("tasks", ())),
            **{part: stage["branch"].get(part) for part in ("variant", "backbone", "seed", "repeat", "shots")},
            "epochs": stage["epochs"],
            "best_epoch": stage["best_epoch"],
            "seconds": stage["seconds"],
        }
        for metric, value in stage["metrics"].items():
            yield {**apart, "metric": metric, "value": value}


def _read(folder: Path) -> Run | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        planned = json.loads((folder / "plan.json").read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return Run(folder, manifest, {stage["name"]: stage["key"] for stage in planned["stages"]})


def _refusal(root: Path, wanted: str, runs: Sequence[Run], *, several: bool) -> str:
    names = [run.id for run in runs]
    if not names:
        return f"there is no run under {root}; --root names another folder of results"
    shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")  # noqa: PLR2004 - a line
    if several:
        return f"{wanted} may be each of these runs: {shown}"
    near = nearest_name(wanted, names)
    return f"there is no run {wanted} under {root}" + (f" (did you mean {near}?)" if near else f"; there are {shown}")
