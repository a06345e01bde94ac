"""A monitor that would be undefined on the windows of the validation is told before anything trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from twostage.data.recordings import Recording
from twostage.data.targets import anomaly, fault_class, remaining_life
from twostage.data.windows import WindowIndex
from twostage.errors import DataError

Value = Callable[[Recording], float | None]


def two(values: set[float]) -> bool:
    """Whether there are two different answers."""
    return len(values) > 1


def positive(values: set[float]) -> bool:
    """Whether there is an answer above 0."""
    return any(value > 0 for value in values)


# What a measure needs of the targets of a system, and how that is called.
_NEEDS: Mapping[str, tuple[Value, Callable[[set[float]], bool], str]] = {
    "auroc": (fault_class, two, "windows of two classes"),
    "anomaly_detection/auroc": (anomaly, two, "normal and anomalous windows"),
    "anomaly_detection/auprc": (anomaly, two, "normal and anomalous windows"),
    "anomaly_detection/f1": (anomaly, positive, "anomalous windows"),
    "rul_prediction/r2": (remaining_life, two, "two different remaining lives"),
    "rul_prediction/phm2012_score": (remaining_life, positive, "a remaining life above 0"),
}


def refuse_blind_monitor(monitor: str, recordings: Sequence[Recording], validation: WindowIndex) -> None:
    """Raise DataError where the validation lacks what the monitored measure is made of.

    A measure over all systems is the mean over those that have it, so it needs one of them.
    """
    name, system = _parsed(monitor)
    if name not in _NEEDS or not len(validation.rows):
        return
    value, enough, what = _NEEDS[name]
    found: dict[int, set[float]] = {}
    for recording in (recordings[row] for row in np.unique(validation.rows).tolist()):
        answer = value(recording)
        found.setdefault(recording.system, set()).update(() if answer is None else (answer,))
    asked = found if system is None else {system: found.get(system, set())}
    if not any(enough(values) for values in asked.values()):
        where = "" if system is None else f" of system {system}"
        raise DataError(
            f"checkpoint.monitor is {monitor}, which needs {what}, but the validation part{where} does not have them; "
            "monitor another metric, or change the split"
        )


def _parsed(monitor: str) -> tuple[str, int | None]:
    """The measure, and the system if the monitor names one."""
    name, _, system = monitor.removeprefix("validation/").rpartition("/")
    return (name, int(system)) if system.isdigit() else (monitor.removeprefix("validation/"), None)
