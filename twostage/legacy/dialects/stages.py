"""A ``stages`` list over common sections, or ``stage_1`` and ``stage_2`` as mappings of sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twostage.legacy.core.leaves import leaves, over
from twostage.legacy.core.mounts import Layout, Mount, Scope, Stage
from twostage.legacy.core.order import nested
from twostage.legacy.dialects.sections import SECTIONS, section_mounts

STAGES: tuple[Stage, ...] = ("stage_1", "stage_2")
HOLDERS = ("overrides", "config")  # the later one decides


def stages_layout(file: Mapping[str, Any], only: Stage | None = None, *, executed: bool = False) -> Layout:
    """What a stage writes itself comes first, then the common sections. A list of one stage is that one stage.

    As executed, sections beside ``overrides`` are no sections: the old code did not look at them.
    """
    if isinstance(file.get("stages"), list):
        items = file["stages"]
        names = STAGES[: len(items)] if len(items) > 1 or only is None else (only,)
        mounts: list[Mount] = []
        for index, stage in enumerate(names[: len(items)]):
            mounts += _item(items[index], index, stage, executed=executed)
    else:
        names = tuple(stage for stage in STAGES if isinstance(file.get(stage), Mapping))
        mounts = [mount for stage in names for mount in section_mounts(file[stage], (0, stage), stage)]
    mounts += section_mounts(file, (0,), "shared")
    return Layout(tuple(mounts), {stage: (stage, "shared") for stage in names})


def _item(item: Mapping[str, Any], index: int, stage: Scope, *, executed: bool) -> list[Mount]:
    """``config`` beats ``overrides``, which beat sections beside them; name and description are the stage's own."""
    prefix = (0, "stages", index)
    mounts: list[Mount] = []
    for strength, key in enumerate(HOLDERS, start=1):
        if isinstance(item.get(key), Mapping):
            held = section_mounts(item[key], (*prefix, key), stage, expands=True)
            mounts += [replace(mount, strength=strength) for mount in held]
    if not mounts:
        mounts += section_mounts(item, prefix, stage)
    elif not executed:
        mounts += [mount for mount in section_mounts(item, prefix, stage) if mount.under]
        mounts += [Mount((*prefix, name), stage, (name,)) for name in SECTIONS if isinstance(item.get(name), Mapping)]
    mounts.append(Mount(prefix, stage, ("stage",)))
    return mounts


def only_stage(file: Mapping[str, Any]) -> Mapping[str, Any]:
    """A list of one stage as the flat document that it stands for; any other document as it is."""
    stages = file.get("stages")
    if not isinstance(stages, list) or len(stages) != 1 or not isinstance(stages[0], Mapping):
        return file
    (item,) = stages
    whole = over(file, {name: item[name] for name in SECTIONS if isinstance(item.get(name), Mapping)})
    for holder in HOLDERS:
        for path, value in leaves(item.get(holder, {})):
            if path and all(isinstance(key, str) for key in path):
                whole = over(whole, nested({tuple(".".join(map(str, path)).split(".")): value}))
    return whole
