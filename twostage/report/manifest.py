"""Reading what a run wrote: its manifest, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAK_LINE = "The split leaks: validation or test contain training samples."


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
