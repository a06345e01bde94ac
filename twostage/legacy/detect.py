"""Which layout an old document has, and what its single stage is for.

The rules are tried in order and the first that fits wins. Shape is a question of layout alone; the pipeline comes from
the caller, from the key ``pipeline``, from the structure or from a hint, in this order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from twostage.config.carrier import Pipeline, Shape
from twostage.legacy.dialects.p03 import stage_places
from twostage.legacy.dialects.sections import SECTIONS
from twostage.legacy.dialects.stages import only_stage
from twostage.legacy.names import declared_pipeline, hinted_pipeline

Role = Literal["pretrain", "train", "fewshot", "finetune"]
TWO_STAGES = ("stage_1", "stage_2")
OF_04 = ("unified_pretraining", "dataset_finetuning")
BARE_TRAINER = {"num_epochs", "max_epochs"}


@dataclass(frozen=True)
class Detection:
    """What a document is. ``rule`` is the rule that decided, ``detail`` the variant of the shape."""

    shape: Shape | None
    rule: str
    detail: str = ""
    pipeline: Pipeline | None = None
    role: Role | None = None


def detect(file: Any, pipeline: Pipeline | None = None) -> Detection:
    """The shape of one document; None as shape where it is no configuration of the old project."""
    if not isinstance(file, Mapping) or not file or not all(isinstance(key, str) for key in file):
        return Detection(None, "R0", "not a mapping of names")
    shape, rule, detail = _shape(file)
    return Detection(shape, rule, detail, pipeline or _pipeline(file, shape), role_of(only_stage(file)))


def _shape(file: Mapping[str, Any]) -> tuple[Shape | None, str, str]:
    stages = file.get("stages")
    if isinstance(stages, list) and stages and all(isinstance(item, Mapping) for item in stages):
        over = [
            isinstance(item.get("overrides"), Mapping) or isinstance(item.get("config"), Mapping) for item in stages
        ]
        return "stages", "R1", "overrides" if all(over) else "mixed" if any(over) else "full"
    if any(_has_core(file.get(name)) for name in TWO_STAGES):
        return "stages", "R2", "stage_1 and stage_2"
    blocks = _blocks(file)
    if blocks:
        nested = any(isinstance(block.get("task"), Mapping) or block.get("type") in OF_04 for block in blocks.values())
        place = next(iter(stage_places(file).values()))
        where = "toplevel" if len(place) == 1 else str(place[0])
        if where == "pipeline_03" or not nested:
            return "p03", "R3" if where == "pipeline_03" else f"R{4 if where == 'training' else 5}b", where
        return "p04", f"R{4 if where == 'training' else 5}a", f"{where}.nested"
    if isinstance(file.get("base_configs"), Mapping):
        return "single", "R6", "composed"
    return _plain_shape(file)


def _plain_shape(file: Mapping[str, Any]) -> tuple[Shape | None, str, str]:
    keys = set(file)
    if _has_core_keys(file):
        nested = any(isinstance(file.get(name), Mapping) and "args" in file[name] for name in (*SECTIONS, "dataset"))
        return "single", "R7", "args" if nested else "flat"
    if keys <= set(SECTIONS) and all(isinstance(value, Mapping | None) for value in file.values()):
        return "fragment", "R8", "+".join(sorted(keys))
    if "name" in keys and keys & BARE_TRAINER and not any(isinstance(value, Mapping) for value in file.values()):
        return "fragment", "R8", "trainer without its section"
    return None, "R9", "neither sections nor stages"


def _has_core_keys(file: Mapping[str, Any]) -> bool:
    return {"model", "task"} <= set(file) and bool({"data", "dataset"} & set(file))


def _has_core(block: Any) -> bool:
    return isinstance(block, Mapping) and any(
        isinstance(block.get(name), Mapping) for name in ("data", "model", "task")
    )


def _blocks(file: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The stage blocks of pipelines 03 and 04, wherever they are. ``stage_1`` at the top is R2's."""
    found: dict[str, Mapping[str, Any]] = {}
    for stage, place in stage_places(file).items():
        block: Any = file
        for key in place:
            block = block[key]
        if len(place) > 1 or str(place[0]) not in TWO_STAGES:
            found[stage] = block
    return found


def _pipeline(file: Mapping[str, Any], shape: Shape | None) -> Pipeline | None:
    declared = declared_pipeline(file)
    structure: dict[Shape, Pipeline] = {"p03": "03", "p04": "04", "stages": "02", "pair": "02"}
    by_structure = structure.get(shape) if shape else None
    return declared or by_structure or (hinted_pipeline(file) if shape == "single" else None)


def role_of(file: Mapping[str, Any]) -> Role:
    """What the one stage of a single document is for; the first sign that is found."""
    settings, model, task = (_section(file, name) for name in ("pipeline_settings", "model", "task"))
    stage = str(settings.get("stage", "")).lower()
    if stage:
        return "pretrain" if "pretrain" in stage else "fewshot" if "few" in stage else "finetune"
    kind, name = str(task.get("type", "")).lower(), str(task.get("name", "")).lower()
    if kind in {"fs", "gfs"}:
        return "fewshot"
    if kind in {"pretrain", "pretraining"} or "pretrain" in name:
        return "pretrain"
    path = model.get("weights_path") or model.get("weight_path") or model.get("pretrained_checkpoint")
    if isinstance(path, str):
        return "finetune"
    training = str(model.get("training_stage", "")).lower()
    if training == "pretrain":
        return "pretrain"
    return "finetune" if training == "finetune" and "finetune" in file else "train"


def _section(file: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = file.get(name)
    if not isinstance(value, Mapping):
        return {}
    inner = value.get("args")
    return {**inner, **value} if isinstance(inner, Mapping) else value
