"""Reading what a run wrote: its manifest, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAK_LINE = "The split leaks: validation or test contain training samples."
# What every table says of results that mean less than they seem to, by code of the notice.
LABELS: Mapping[str, str] = {
    "leaky-split": LEAK_LINE,
    "same-bearings": "Support and query of an episode may come from the same bearing.",
    "mixed-rates": "Sampling rates differ: recordings were taken as they are, without a common band.",
}


@dataclass(frozen=True)
class StageEntry:
    """One finished training, as the manifest describes it. ``variant`` is None for a pretraining.

    ``branch`` says which of the document's alternatives it belongs to: variant, backbone, seed, repeat and shots, each
    None where there is no choice.
    """

    name: str
    seed: int
    variant: str | None
    systems: tuple[int, ...]
    tasks: tuple[str, ...]
    branch: Mapping[str, Any]
    best_epoch: int
    metrics: Mapping[str, float]
    transfer: Mapping[str, Any] | None
    notices: tuple[tuple[str, str], ...]

    @property
    def leaks(self) -> bool:
        """Whether validation or test share samples with training, as in the old project."""
        return any(code == "leaky-split" for code, _ in self.notices)

    @property
    def labels(self) -> list[str]:
        """What every table says of this training."""
        codes = {code for code, _ in self.notices}
        return [line for code, line in LABELS.items() if code in codes]


@dataclass(frozen=True)
class AuditEntry:
    """An adaptation beside one control, as the manifest has it; see ``twostage.engine.outcome.audit.Comparison``."""

    system: int
    systems: tuple[int, ...]
    tasks: tuple[str, ...]
    branch: Mapping[str, Any]
    metric: str
    adaptation: str
    control: str
    over: str
    pairs: int
    difference: float
    interval: tuple[float, float] | None
    code: str | None
    message: str | None


def labels(stages: Iterable[StageEntry]) -> list[str]:
    """What a table over these trainings says of them, each line once."""
    found = {line for stage in stages for line in stage.labels}
    return [line for line in LABELS.values() if line in found]


def read_audit(directory: Path) -> list[AuditEntry]:
    """The comparisons of the run in ``directory``; none where it is older than the audit."""
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    return [_compared(each) for each in manifest.get("audit", ())]


def _compared(entry: Mapping[str, Any]) -> AuditEntry:
    names = ("system", "metric", "adaptation", "control", "over", "pairs", "difference", "code", "message")
    return AuditEntry(
        **{name: entry[name] for name in names},
        systems=tuple(entry["systems"]),
        tasks=tuple(entry["tasks"]),
        branch={name: entry[name] for name in ("variant", "backbone", "shots")},
        interval=None if entry["interval"] is None else tuple(entry["interval"]),
    )


def read_stages(directory: Path) -> list[StageEntry]:
    """The finished stages of the run in ``directory``."""
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    return [_entry(stage) for stage in manifest["stages"]]


def _entry(stage: Mapping[str, Any]) -> StageEntry:
    return StageEntry(
        name=stage["name"],
        seed=stage["seed"],
        variant=stage["variant"],
        systems=tuple(stage["systems"]),
        tasks=tuple(stage.get("tasks", ())),
        branch=stage.get("branch", {}),
        best_epoch=stage["best_epoch"],
        metrics=stage["metrics"],
        transfer=stage["transfer"],
        notices=tuple((notice["code"], notice["message"]) for notice in stage["notices"]),
    )
