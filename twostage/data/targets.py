"""What each recording can teach: its fault class, whether something is wrong, its remaining life."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twostage.config.stage_2 import TaskName
from twostage.data.recordings import Recording
from twostage.errors import DataError

NORMAL = 0
TWO = 2  # one class, or only healthy recordings, is nothing to tell apart


@dataclass(frozen=True)
class Targets:
    """The targets of one adaptation, of shape (n,) in the order of its recordings; NaN where one is unknown.

    ``tasks`` are those that train. ``anomaly`` is 1 where something is wrong and else 0. ``rul`` is the remaining life
    in the table's unit; models answer in multiples of ``rul_scale``. ``classed`` says which recordings have a fault
    class. ``channels`` is the number of channels of a window, ``systems`` are those of the recordings.
    """

    tasks: tuple[TaskName, ...]
    anomaly: NDArray[np.float32]
    rul: NDArray[np.float32]
    classed: NDArray[np.bool_]
    channels: int
    systems: tuple[int, ...]
    rul_scale: float = 1.0


def fault_class(recording: Recording) -> float | None:
    """The label as the table writes it, or None where there is none, or none that is meant for a diagnosis."""
    return None if "classification" in recording.declined else recording.label


def anomaly(recording: Recording) -> float | None:
    """1 for every label but 0, which is the healthy state in PHM-Vibench and in the simulated rigs; None if unknown."""
    if "anomaly_detection" in recording.declined or recording.label is None:
        return None
    return float(recording.label != NORMAL)


def remaining_life(recording: Recording) -> float | None:
    """The remaining life in the table's unit, or None where it is unknown."""
    return None if "rul_prediction" in recording.declined else recording.rul


def future(recording: Recording) -> float | None:  # noqa: ARG001 - one signature for all
    """Every window has an end that can be forecast from the rest."""
    return 0.0


TARGETS: Mapping[TaskName, Callable[[Recording], float | None]] = {
    "classification": fault_class,
    "anomaly_detection": anomaly,
    "rul_prediction": remaining_life,
    "signal_prediction": future,
}
_NEEDS: Mapping[TaskName, str] = {
    "classification": "recordings of two classes or more (column Label)",
    "anomaly_detection": "recordings with label 0 and with another label (column Label)",
    "rul_prediction": "recordings with a remaining life (column RUL_label)",
    "signal_prediction": "recordings",
}


def lacks(task: TaskName, recordings: Sequence[Recording]) -> str | None:
    """Say what a task misses in the recordings of one system, or None when they are enough for it.

    ``classification`` and ``anomaly_detection`` need two different answers to tell apart.
    """
    target = TARGETS[task]
    found = {value for recording in recordings if (value := target(recording)) is not None}
    if len(found) >= (TWO if task in {"classification", "anomaly_detection"} else 1):
        return None
    declined = sum(task in recording.declined for recording in recordings)
    flags = f"; the table says of {declined} of its recordings that they are not meant for it" if declined else ""
    return f"it needs {_NEEDS[task]}{flags}"


def known(recordings: Iterable[Recording], tasks: Collection[TaskName]) -> list[Recording]:
    """The recordings that have a target of some of the tasks."""
    return [r for r in recordings if any(TARGETS[task](r) is not None for task in tasks)]


def column(recordings: Sequence[Recording], target: Callable[[Recording], float | None]) -> NDArray[np.float32]:
    """A target of each recording; NaN where it is unknown."""
    values = [target(recording) for recording in recordings]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float32)


def scale_of_life(recordings: Iterable[Recording]) -> float:
    """The largest remaining life of the recordings that training uses, in the table's unit. Raises DataError."""
    lives = [life for recording in recordings if (life := remaining_life(recording)) is not None]
    largest = max(lives, default=0.0)
    if largest <= 0.0:
        raise DataError(
            "every remaining life in the training part is 0, so there is nothing to divide targets by, and nothing to "
            "learn; check the column RUL_label, or write tasks.rul_prediction.max_rul"
        )
    return largest
