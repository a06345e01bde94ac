"""Names of the old pipelines, of both generations, and what they tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twostage.config.carrier import Pipeline

_NUMBERED = re.compile(r"pipeline[_-]?0*([1-4])(?!\d)", re.IGNORECASE)
_SPOKEN: tuple[tuple[str, Pipeline], ...] = (
    ("unified_metric", "04"),
    ("multitask_pretrain", "03"),
    ("multi_task_pretrain", "03"),
    ("pretrain_fewshot", "02"),
    ("pretraining_few_shot", "02"),
)
_BY_NUMBER: Mapping[str, Pipeline] = {"1": "01", "2": "02", "3": "03", "4": "04"}


def pipeline_of(name: str) -> Pipeline | None:
    """The pipeline that a name of either generation means, such as ``Pipeline_02_Pretraining_Few_Shot``."""
    found = _NUMBERED.search(name)
    if found:
        return _BY_NUMBER[found.group(1)]
    folded = name.lower().replace("-", "_").replace(" ", "_")
    return next((number for word, number in _SPOKEN if word in folded), None)


def declared_pipeline(file: Mapping[str, Any]) -> Pipeline | None:
    """What the key ``pipeline`` says, as text or as a mapping with ``name``."""
    value = file.get("pipeline")
    name = value.get("name") if isinstance(value, Mapping) else value
    return pipeline_of(name) if isinstance(name, str) else None


def names_of_ids(names: Any, ids: Any) -> dict[Any, Any]:
    """Names of data sets by the ids of their systems, as far as both lists go; none where one is missing."""
    if not isinstance(names, list) or not isinstance(ids, list):
        return {}
    return {each: names[place] for place, each in enumerate(ids[: len(names)]) if type(each) is int}


def hinted_pipeline(file: Mapping[str, Any]) -> Pipeline | None:
    """What the name of the project suggests, where nothing else tells."""
    environment = file.get("environment")
    project = environment.get("project") if isinstance(environment, Mapping) else None
    hint = pipeline_of(project) if isinstance(project, str) else None
    return hint if hint == "04" else None
