"""A ``stages`` list over common sections, or ``stage_1`` and ``stage_2`` as mappings of sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.core.mounts import Layout, Mount, Scope, Stage
from twostage.legacy.dialects.sections import section_mounts

STAGES: tuple[Stage, ...] = ("stage_1", "stage_2")


def stages_layout(file: Mapping[str, Any], only: Stage | None = None) -> Layout:
    """What a stage writes itself comes first, then the common sections. A list of one stage is that one stage."""
    if isinstance(file.get("stages"), list):
        items = file["stages"]
        names = STAGES[: len(items)] if len(items) > 1 or only is None else (only,)
        mounts: list[Mount] = []
        for index, (item, stage) in enumerate(zip(items, names, strict=False)):
            mounts += _item(item, index, stage)
    else:
        names = tuple(stage for stage in STAGES if isinstance(file.get(stage), Mapping))
        mounts = [mount for stage in names for mount in section_mounts(file[stage], (0, stage), stage)]
    mounts += section_mounts(file, (0,), "shared")
    return Layout(tuple(mounts), {stage: (stage, "shared") for stage in names})


def _item(item: Mapping[str, Any], index: int, stage: Scope) -> list[Mount]:
    """``config`` beats ``overrides``; name and description are the stage's own; other sections belong to it as well."""
    prefix = (0, "stages", index)
    mounts: list[Mount] = []
    for key in ("overrides", "config"):
        if isinstance(item.get(key), Mapping):
            mounts += section_mounts(item[key], (*prefix, key), stage, expands=True)
    if not mounts:
        mounts += section_mounts(item, prefix, stage)
    mounts.append(Mount(prefix, stage, ("stage",)))
    return mounts
