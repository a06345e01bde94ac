"""A monitor that would be undefined on the validation is told before anything trains."""

from __future__ import annotations

import numpy as np
import pytest

from twostage.data.recordings import Recording
from twostage.data.windows import WindowIndex
from twostage.errors import DataError
from twostage.objectives.adapt.monitors import refuse_blind_monitor

# System 1 has only healthy recordings with one life, system 2 has both kinds and several lives.
RECORDINGS = [
    Recording(id_, system, "x", label, 0, "b", 1.0, 9, 1, rul=life)
    for id_, (system, label, life) in enumerate([(1, 0, 5.0), (1, 0, 5.0), (2, 0, 5.0), (2, 1, 0.0)])
]


def check(monitor, *rows):
    index = WindowIndex(np.array(rows, dtype=np.int64), np.zeros(len(rows), dtype=np.int64), 8)
    refuse_blind_monitor(f"validation/{monitor}", RECORDINGS, index)


@pytest.mark.parametrize(
    ("monitor", "rows", "needs"),
    [
        ("auroc", (0, 1), "needs windows of two classes"),
        ("auroc/1", (0, 1, 2, 3), "needs windows of two classes, but the validation part of system 1"),
        ("anomaly_detection/auroc", (2,), "needs normal and anomalous windows"),
        ("anomaly_detection/auprc/2", (3,), "needs normal and anomalous windows, but the validation part of system 2"),
        ("anomaly_detection/f1", (0, 2), "needs anomalous windows"),
        ("rul_prediction/r2", (0, 1), "needs two different remaining lives"),
        ("rul_prediction/phm2012_score", (3,), "needs a remaining life above 0"),
    ],
)
def test_what_the_validation_lacks_is_told(monitor, rows, needs):
    with pytest.raises(DataError, match=needs):
        check(monitor, *rows)


@pytest.mark.parametrize(
    "monitor",
    ["auroc", "auroc/2", "anomaly_detection/f1", "rul_prediction/r2/2", "macro_f1/1", "loss", "rul_prediction/rmse/1"],
)
def test_what_is_defined_somewhere_is_not(monitor):
    check(monitor, 0, 1, 2, 3)


def test_without_a_validation_there_is_nothing_to_say():
    check("auroc")
