"""Which trainings of a run stand beside one another: repeats of one thing, and things that are compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from twostage.report.manifest import StageEntry


class Branched(Protocol):
    """What belongs to some of a document's alternatives."""

    @property
    def branch(self) -> Mapping[str, Any]:
        """Each alternative by name; None where there is no choice."""
        ...


Thing = TypeVar("Thing", bound=Branched)

ENCODER = ("variant", "backbone")
EVERYTHING = (*ENCODER, "shots")


def groups(stages: Iterable[Thing], parts: Sequence[str] = EVERYTHING) -> dict[str, list[Thing]]:
    """Stages by what sets them apart, in words; seeds, repeats and targets do not. "" where nothing is compared."""
    found: dict[str, list[Thing]] = {}
    for stage in stages:
        found.setdefault(label(stage, parts), []).append(stage)
    return found


def label(stage: Branched, parts: Sequence[str] = EVERYTHING) -> str:
    """Such as ``variant long, backbone dlinear, 5 shots``."""
    values = {part: stage.branch[part] for part in parts if stage.branch.get(part) is not None}
    return ", ".join(_words(part, value) for part, value in values.items())


def titled(title: str, group: str) -> str:
    """A title that names the group, where there are several."""
    return f"{title}: {group}" if group else title


def _words(part: str, value: object) -> str:
    if part == "shots":
        return f"{value} {'shot' if value == 1 else 'shots'}"
    return f"{part} {value}"


def repetition(stages: Sequence[StageEntry]) -> str:
    """Over what results are averaged, such as ``3 seeds``; "" where there is one training of each kind."""
    seeds = len({stage.branch.get("seed", stage.seed) for stage in stages})
    repeats = len({stage.branch.get("repeat") for stage in stages if stage.variant is not None})
    words = f"{seeds} {'seed' if seeds == 1 else 'seeds'}"
    if repeats > 1:
        return f"{words} with {repeats} repeats" + (" each" if seeds > 1 else "")
    return words if seeds > 1 else ""
