"""Heads of the old project: which task each of a file's tensors is for, and what it is called when it is renamed.

Three layouts held several heads: ``task_heads.*`` with one for each task, a composed head with two inside, and a
multitask head with a trunk below them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from twostage.config.document import TwoStageConfig
from twostage.config.stage_2 import MultitaskConfig
from twostage.models.renaming import our_name

CLASSIFICATION, FORECAST, TRUNK = "classification", "signal_prediction", "trunk"
# What stands before a head's tensors, and what it answers. Of two for one task the first answered.
_PLACES = (
    ("task_heads.classification.", CLASSIFICATION),
    ("task_heads.anomaly_detection.", "anomaly_detection"),
    ("task_heads.rul_prediction.", "rul_prediction"),
    ("task_heads.signal_prediction.", FORECAST),
    ("task_head.task_heads.classification.", CLASSIFICATION),
    ("task_head.task_heads.prediction.", FORECAST),
    ("task_head.fault_classification_heads.", CLASSIFICATION),
    ("task_head.anomaly_detection_head.", "anomaly_detection"),
    ("task_head.rul_prediction_head.", "rul_prediction"),
    ("task_head.signal_prediction_head.", FORECAST),
    ("task_head.shared_layers.", TRUNK),
)
_ALONE = ("_single_task_head.", "task_head.")
_OF_A_FORECAST = re.compile(r"weight|bias|fc[12]\.\w+")

# A row of layers in the multitask head. Until August 2025 dropouts stood between them, and counted.
_ROW = re.compile(
    r"(task_head\.(?:shared_layers|fault_classification_heads\.[^.]+|(?:anomaly_detection|rul_prediction)_head))"
    r"\.(\d+)\.(\w+)"
)
_NUMBERS = {2: (0, 2), 3: (0, 2, 4), 4: (0, 1, 3, 4)}  # by how many layers of a row have weights


@dataclass(frozen=True)
class Place:
    """Where a tensor of a head stands: what is before its name, the name, and the task that the head answers."""

    before: str
    name: str
    task: str


def place_of(plain: str) -> Place | None:
    """The head that a tensor belongs to; None where it belongs to none."""
    for before, task in _PLACES:
        if plain.startswith(before):
            return Place(before, plain.removeprefix(before), task)
    for before in _ALONE:
        if plain.startswith(before):
            name = plain.removeprefix(before)
            return Place(before, name, FORECAST if _OF_A_FORECAST.fullmatch(name) else CLASSIFICATION)
    # Complete networks name their last layers without a part in front.
    return Place("", plain, CLASSIFICATION) if (our_name(plain) or "").startswith("head.") else None


def without_dropouts(names: Iterable[str]) -> dict[str, str]:
    """Each name as it is in files whose multitask head has no dropouts."""
    names = list(names)
    matches = {name: match for name in names if (match := _ROW.fullmatch(name))}
    rows: dict[str, set[int]] = {}
    for match in matches.values():
        rows.setdefault(match[1], set()).add(int(match[2]))
    numbers = {
        row: dict(zip(sorted(there), _NUMBERS.get(len(there), sorted(there)), strict=True))
        for row, there in rows.items()
    }
    renamed = {name: f"{m[1]}.{numbers[m[1]][int(m[2])]}.{m[3]}" for name, m in matches.items()}
    return {name: renamed.get(name, name) for name in names}


def tasks_of(config: TwoStageConfig) -> frozenset[str]:
    """The tasks that a document has heads for."""
    return frozenset(config.stage_2.tasks.written if isinstance(config.stage_2, MultitaskConfig) else {CLASSIFICATION})


def answering(names: Iterable[str]) -> dict[str, str]:
    """For each task what stands before the head that answered it."""
    order = [*(before for before, _ in _PLACES), *_ALONE, ""]
    found = sorted({(order.index(at.before), at.task, at.before) for name in names if (at := place_of(name))})
    return {task: before for _, task, before in reversed(found)}


def plain_head(place: Place, tasks: Collection[str]) -> str:
    """The name under which a head's tensor is renamed: a classification alone stands alone."""
    composed = "task_head.task_heads."
    if place.before in {"task_heads.classification.", f"{composed}classification.", *_ALONE}:
        if place.task == CLASSIFICATION and set(tasks) == {CLASSIFICATION}:
            return f"task_head.{place.name}"
        if place.before in _ALONE:
            return f"{composed}{'prediction' if place.task == FORECAST else CLASSIFICATION}.{place.name}"
    return place.before + place.name
