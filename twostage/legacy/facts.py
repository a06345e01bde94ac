"""What must be known of an old document before any rule can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twostage.config.carrier import Reading
from twostage.legacy.core.forward import Source, View
from twostage.legacy.core.mounts import Layout, Leaf, Stage
from twostage.legacy.detect import Detection
from twostage.legacy.dialects.fragment import fragment_layout
from twostage.legacy.dialects.p03 import p03_layout
from twostage.legacy.dialects.p04 import p04_layout
from twostage.legacy.dialects.pair import pair_layout
from twostage.legacy.dialects.single import single_layout
from twostage.legacy.dialects.stages import stages_layout
from twostage.legacy.identity import adapt_mode, by_file, executed_mode, plugin, pretrain_mode, word
from twostage.legacy.names import names_of_ids

DOMAIN_TASKS = {"dg", "cddg"}


def layout_of(files: Sequence[Any], found: Detection, reading: Reading = "meant") -> Layout:
    """The layout of the files."""
    stage: Stage = single_stage(found)
    if found.shape == "pair":
        return pair_layout(files)
    if found.shape == "stages":
        return stages_layout(files[0], stage, executed=reading == "as_executed")
    if found.shape == "p03":
        return p03_layout(files[0])
    if found.shape == "p04":
        return p04_layout(files[0])
    if found.shape == "fragment":
        return fragment_layout(files[0], found.detail)
    return single_layout(files[0], stage)


def single_stage(found: Detection) -> Stage:
    """Where the one stage of a single document belongs."""
    return "stage_1" if found.role == "pretrain" or found.pipeline == "04" else "stage_2"


def facts_of(layout: Layout, leaves: Sequence[Leaf], found: Detection, reading: Reading) -> dict[str, Any]:
    """Modes, and what several rules ask for."""
    blank = Source(layout, leaves, {})
    views = {stage: View(blank, layout.sees[stage], stage) for stage in layout.stages}
    modes: dict[str, str] = {}
    targets: dict[str, str] = {}
    if "stage_1" in views:
        modes["stage_1"] = pretrain_mode(views["stage_1"], unified=found.pipeline == "04")
        if modes["stage_1"] == "custom":
            targets["stage_1"] = plugin(views["stage_1"])
    if "stage_2" in views:
        modes["stage_2"] = adapt_mode(views["stage_2"])
    if reading == "as_executed":
        modes = {stage: executed_mode(view, modes[stage]) for stage, view in views.items()}
    first = views.get("stage_1")
    return {
        "shape": found.shape,
        "pipeline": found.pipeline,
        "reading": reading,
        "modes": modes,
        "targets": targets,
        "domains": {stage: word(view, "task.type") in DOMAIN_TASKS for stage, view in views.items()},
        "by_file": first is not None and by_file(first),
        "contrasts": first is not None
        and ("contrast" in word(first, "task.name") or first.find("task.contrast_weight") is not None),
        "names_of_ids": _names_of_ids(leaves),
    }


def _names_of_ids(leaves: Sequence[Leaf]) -> Mapping[Any, Any]:
    found = {leaf.key: leaf.value for leaf in leaves}
    return names_of_ids(found.get(("data", "unified_datasets")), found.get(("data", "dataset_ids")))
