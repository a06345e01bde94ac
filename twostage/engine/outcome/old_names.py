"""Names that PHM-Vibench gave to results, beside ours in ``metrics.json``, for scripts that look for them.

An old name has our value: ``test_f1_RM_001_CWRU`` is a macro-F1, where the old code wrote the accuracy once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twostage.data.recordings import Part, Recording

PARTS: Mapping[Part, str] = {"validation": "val", "test": "test"}
# Of a classification, by our name; the old code added the name of the data set.
CLASSIFICATION: Mapping[str, str] = {
    "accuracy": "acc",
    "macro_f1": "f1",
    "balanced_accuracy": "recall",
    "auroc": "auroc",
}
# Of one of several tasks, by our name.
TASKS: Mapping[str, str] = {"accuracy": "acc", "f1": "f1", "auroc": "auroc", "mse": "mse", "mae": "mae", "r2": "r2"}
PLAIN: Mapping[str, tuple[str, ...]] = {
    "loss": ("loss", "total_loss"),
    "mse": ("reconstruction_loss",),
    "correlation": ("signal_correlation",),
    "classification_loss": ("classification_loss",),
    "metric_loss": ("contrastive_loss",),
}


def old_names(metrics: Mapping[str, Any], recordings: Iterable[Recording]) -> dict[str, float]:
    """Scalars of validation and test by their old names, overall and for each system by the name of its data set."""
    names = _datasets(recordings)
    found: dict[str, float] = {}
    for part, short in PARTS.items():
        for name, value in metrics.get(part, {}).items():
            if isinstance(value, int | float):
                found |= dict.fromkeys(_olds(name, short, names), float(value))
    return found


def _datasets(recordings: Iterable[Recording]) -> dict[str, str]:
    """The name of each system's data set, where no other system has the same."""
    by_system = {str(recording.system): recording.name for recording in recordings}
    given = list(by_system.values())
    return {system: name for system, name in by_system.items() if given.count(name) == 1}


def _olds(name: str, part: str, names: Mapping[str, str]) -> Iterator[str]:
    first, *rest = name.split("/")
    if not rest:
        yield from (f"{part}_{old}" for old in PLAIN.get(first, ()))
    if first in CLASSIFICATION:
        yield from _of_classes(CLASSIFICATION[first], part, rest, names)
    elif rest and rest[0] == "loss":
        yield f"{part}_{first}_loss"
    elif rest and rest[0] in TASKS:
        yield from _of_task(first, TASKS[rest[0]], part, rest[1:])


def _of_classes(old: str, part: str, rest: list[str], names: Mapping[str, str]) -> Iterator[str]:
    if not rest:
        yield f"{part}_{old}"
    elif rest[0] in names:
        yield f"{part}_{old}_{names[rest[0]]}"
    yield from _of_task("classification", old, part, rest)


def _of_task(task: str, old: str, part: str, rest: list[str]) -> Iterator[str]:
    """The multi-task code named the task first, and systems by their id."""
    yield f"{part}_sys{rest[0]}_{task}_{part}_{old}" if rest else f"{task}_{part}_{old}"
