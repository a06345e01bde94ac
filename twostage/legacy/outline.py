"""The empty old files of a shape: what a new document that comes from none is written into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.config.carrier import Shape
from twostage.legacy.dialects.sections import SECTIONS
from twostage.legacy.dialects.stages import STAGES

NAMES = {"stage_1": "pretraining", "stage_2": "finetuning"}


def outlines(shape: Shape, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One outline for each file. The old loader asked for all five sections, so each file has them."""
    stages = [stage for stage in STAGES if stage in body]
    if shape == "pair":
        return [_sections(), _sections()]
    if shape == "stages" and len(stages) > 1:
        return [{**_sections(), "stages": [{"name": NAMES[stage], "overrides": {}} for stage in stages]}]
    if shape == "stages":
        return [{**_sections(), stage: {"task": {}}} for stage in stages]
    return [_sections()]


def _sections() -> dict[str, Any]:
    return {section: {} for section in SECTIONS}
