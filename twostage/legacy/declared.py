"""Numbers of runs that an old file states itself; they may count otherwise than trainings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PLACES = (("pipeline_03", "experiment_matrix", "total_runs"), ("experiment_matrix", "total_runs"))


def declared_runs(file: Mapping[str, Any]) -> dict[str, int]:
    """``declared`` where the file has such a number."""
    for place in PLACES:
        value: Any = file
        for key in place:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, int) and not isinstance(value, bool):
            return {"declared": value}
    return {}
