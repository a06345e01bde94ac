"""Pipeline 04: stage blocks with sections of their own, at the top or under ``training``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.core.mounts import Layout, Mount
from twostage.legacy.dialects.p03 import is_enabled, stage_places
from twostage.legacy.dialects.sections import SECTIONS, section_mounts


def p04_layout(file: Mapping[str, Any]) -> Layout:
    """``task`` and ``trainer`` of a stage are its sections; everything else in its block has a name of the stage."""
    mounts: list[Mount] = []
    places = stage_places(file) or {"stage_1": ("stage_1_pretraining",), "stage_2": ("stage_2_finetuning",)}
    for stage, place in places.items():
        mounts += [Mount((0, *place, section), stage, (section,)) for section in SECTIONS]
        mounts.append(Mount((0, *place), stage, ("stage",)))
    mounts += section_mounts(file, (0,), "shared")
    return Layout(tuple(mounts), {stage: (stage, "shared") for stage in places if is_enabled(file, places[stage])})
