"""``predictions.csv``: what a stage has answered for each window of its test.

Legend: N windows of the test, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from twostage.data.labels import UNLABELLED, LabelSpace
from twostage.engine.inputs.stage_data import StageData
from twostage.objectives.answers import Columns, whole

Values = NDArray[np.float64]
PREDICTIONS = "predictions.csv"


def write_predictions(folder: Path, batches: list[Columns], data: StageData) -> None:
    """Write a row for each window, in the order of the test; for episodes a row for each query, in that of episodes.

    ``start`` is the window's first sample as the stage reads recordings, resampled where ``data.band`` says so.
    """
    if not batches:
        return
    columns = {name: column_N.numpy() for name, column_N in whole(batches)}
    index = data.windows["test"]
    table: dict[str, object] = {}
    if "task" in columns:  # an episode is a batch
        table["episode"] = np.repeat(np.arange(len(batches)), [len(batch["task"]) for batch in batches])
    for name in ("task", "recording", "system"):
        if name in columns:
            table[name] = columns[name].astype(np.int64)
    if "task" not in columns:
        table["start"] = index.starts
    if "class" in columns and data.labels is not None:
        table |= _classes(columns, data.labels)
    table |= {name: value for name, value in columns.items() if name not in table and not _raw(name)}
    pd.DataFrame(table).to_csv(folder / PREDICTIONS, index=False, float_format="%.9g")


def _raw(name: str) -> bool:
    return name in {"class", "answered"} or name.startswith("logit_")


def _classes(columns: Mapping[str, Values], labels: LabelSpace) -> dict[str, object]:
    """Labels of the table, true and answered, and the probability of each; empty where a window has none."""
    known = sorted({label for mine in labels.classes.values() for label in mine})
    logits = [values for name, values in columns.items() if name.startswith("logit_")]
    told = {name: np.full(len(columns["class"]), np.nan) for name in ("label", "answer")}
    told |= {f"probability_{label}": np.full(len(columns["class"]), np.nan) for label in known if logits}
    for system, mine in labels.classes.items():
        rows = np.flatnonzero((columns["system"] == system) & (columns["class"] != UNLABELLED))
        told["label"][rows] = _labels(mine, columns["class"][rows])
        if not logits:
            told["answer"][rows] = _labels(mine, columns["answered"][rows])
            continue
        of_system = torch.from_numpy(np.stack(logits[: len(mine)], axis=1)[rows])
        told["answer"][rows] = _labels(mine, of_system.argmax(dim=1).numpy())
        for label, share_N in zip(mine, of_system.softmax(dim=1).T.numpy(), strict=True):
            told[f"probability_{label}"][rows] = share_N
    whole_numbers = {name: pd.array(told.pop(name), dtype="Int64") for name in ("label", "answer")}
    return {**whole_numbers, **told}


def _labels(mine: tuple[int, ...], indices: NDArray[Any]) -> Values:
    return np.array(mine, dtype=np.float64)[indices.astype(np.int64)]
