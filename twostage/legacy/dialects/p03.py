"""Pipeline 03: ``training.stage_*`` with flat keys, or ``pipeline_03.stage_*`` with ``config_overrides``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.core.leaves import KeyPath
from twostage.legacy.core.mounts import Layout, Mount, Stage
from twostage.legacy.dialects.sections import section_mounts

NAMES: Mapping[Stage, tuple[str, ...]] = {
    "stage_1": ("stage_1_pretraining", "stage_1"),
    "stage_2": ("stage_2_finetuning", "stage_2"),
}
OVERRIDES = ("config_overrides", "overrides")
HOLDERS: tuple[KeyPath, ...] = (("training",), ("pipeline_03",), ())


def stage_places(file: Mapping[str, Any]) -> dict[Stage, KeyPath]:
    """Where the file keeps its stages."""
    for holder in HOLDERS:
        inner = file if not holder else file.get(str(holder[0]))
        if not isinstance(inner, Mapping):
            continue
        found: dict[Stage, KeyPath] = {}
        for stage, names in NAMES.items():
            name = next((name for name in names if isinstance(inner.get(name), Mapping)), None)
            if name is not None:
                found[stage] = (*holder, name)
        if found:
            return found
    return {}


def p03_layout(file: Mapping[str, Any]) -> Layout:
    """A stage's flat keys have names of their own (``stage.epochs``); overrides go by section."""
    mounts: list[Mount] = []
    places = stage_places(file) or {
        "stage_1": ("training", "stage_1_pretraining"),
        "stage_2": ("training", "stage_2_finetuning"),
    }
    for stage, place in places.items():
        mounts.append(Mount((0, *place), stage, ("stage",)))
        block: Any = file
        for key in place:
            block = block.get(key, {}) if isinstance(block, Mapping) else {}
        held = [name for name in OVERRIDES if isinstance(block.get(name), Mapping)] or [OVERRIDES[0]]
        for name in held:
            mounts += section_mounts(block.get(name), (0, *place, name), stage, expands=True)
    mounts += section_mounts(file, (0,), "shared")
    return Layout(tuple(mounts), {stage: (stage, "shared") for stage in places if is_enabled(file, places[stage])})


def is_enabled(file: Mapping[str, Any], place: KeyPath) -> bool:
    """Whether a stage runs: only ``enabled: false`` switches it off."""
    block: Any = file
    for key in place:
        block = block.get(key, {}) if isinstance(block, Mapping) else {}
    return not isinstance(block, Mapping) or block.get("enabled") is not False
