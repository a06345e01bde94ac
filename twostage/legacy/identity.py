"""What a stage is, told from an old document: its mode from the task's type and name, and back."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.forward import View
from twostage.legacy.core.rule import Body, get

FEWSHOT_TYPES = {"fs", "gfs"}
MULTITASK_TYPES = {"in_distribution", "multi_task", "mt"}
# Tasks of the old project that pretrain, as names of built-in plugins.
FLOW, SUPERVISED, BOTH = "flow", "supervised", "classification_prediction"
# The last one is what pipeline 03 calls the task of both its stages; its pretraining masks.
MASKED = {"masked_reconstruction", "prediction", "multitask_pretrain_finetune"}
SINGLE_TASKS = ("classification", "anomaly_detection")
METHODS = {
    "prototypical_network": "prototypical",
    "matching_network": "matching",
    "matching": "matching",
    "knn_feature": "neighbours",
    "finetuning": "finetune",
}


def word(view: View, *names: str) -> str:
    """A value as a lower-case word; empty where there is none."""
    value = view.value(*names)
    return value.strip().lower() if isinstance(value, str) else ""


def pretrain_mode(view: View, *, unified: bool) -> str:
    """The mode of a pretraining."""
    name = word(view, "task.name")
    masked = name in MASKED or view.find("stage.masking_ratio") is not None
    if masked:
        return "reconstruction"
    modes = (word(view, "task.training_mode"), word(view, "stage.type"))
    if unified or "unified_pretraining" in modes:
        return "unified_metric"
    return "contrastive" if "contrast" in name else "custom"


def adapt_mode(view: View) -> str:
    """The mode of an adaptation."""
    kind = word(view, "task.type")
    if kind in FEWSHOT_TYPES:
        return "fewshot"
    named = view.find("stage.multitask_system", "stage.individual_systems") is not None
    return "multitask" if named or kind in MULTITASK_TYPES else "finetune"


def executed_mode(view: View, mode: str) -> str:
    """What a mode really was: few-shot tasks trained on plain batches; beside a classification INFONCE was 0."""
    weight = view.value("task.classification_weight")
    if mode == "contrastive" and isinstance(weight, int | float) and weight > 0:
        return "unified_metric"
    return "finetune" if mode == "fewshot" else mode


def plugin(view: View) -> str:
    """The built-in plugin of a pretraining that is none of the modes."""
    name, tasks = word(view, "task.name"), view.value("task.task_list")
    if "flow" in name:
        return FLOW
    listed = name in {"multitask", "classification_prediction"}
    both = isinstance(tasks, list) and {"classification", "prediction"} <= {str(task) for task in tasks}
    return BOTH if listed and (both or tasks is None) else SUPERVISED


def by_file(view: View) -> bool:
    """Whether two windows of one file are a pair."""
    return "contrastive_id" in word(view, "task.name") or "contrastiveid" in word(view, "task.name")


def method(view: View) -> str:
    """The few-shot method that a task's name means."""
    return METHODS.get(word(view, "task.name"), "prototypical")


def identity_of(body: Body, stage: str, shape: str) -> dict[str, Any]:
    """The old names of a stage: type and name of its task, and what else tells its mode."""
    if shape == "p03" and _told_by_structure(body, stage):
        return {"stage.enabled": True}
    kind, name = _task(body, stage)
    enabled: dict[str, Any] = {"stage.enabled": True} if shape in {"p03", "p04"} else {}
    more: dict[str, Any] = {"task.task_list": ["classification", "prediction"]} if name == "multitask" else {}
    if get(body, f"{stage}.pretrain_mode")[1] == "unified_metric" and shape != "p04":
        kind, more = "pretrain", {"task.training_mode": "unified_pretraining"}
    return {**enabled, "task.type": kind, "task.name": name, **more}


def _told_by_structure(body: Body, stage: str) -> bool:
    """Whether pipeline 03 knows the mode of a stage without names: by masks, and by targets with tasks."""
    if stage == "stage_1":
        return bool(get(body, "stage_1.pretrain_mode")[1] == "reconstruction")
    mode = get(body, "stage_2.adapt_mode")[1]
    return bool(mode == "finetune" or (mode == "multitask" and by_task(get(body, "stage_2.targets")[1])))


def by_task(targets: Any) -> bool:
    """Whether pipeline 03 has words for targets: two single tasks for each of some systems, then whole systems."""
    single = [target for target in targets if target.get("tasks")]
    systems = list(dict.fromkeys(target.get("system") for target in single))
    wanted = [{"system": system, "tasks": [task]} for system in systems for task in SINGLE_TASKS]
    whole = targets[len(single) :]
    return list(targets) == [*wanted, *whole] and all(
        set(target) == {"system"} and target["system"] is not None for target in whole
    )


def _task(body: Body, stage: str) -> tuple[str, str]:
    mode = get(body, f"{stage}.pretrain_mode")[1] or get(body, f"{stage}.adapt_mode")[1]
    if mode == "contrastive":
        own = get(body, f"{stage}.pairing")[1] == "recording"
        return "pretrain", "contrastive_id" if own else "hse_contrastive"
    if mode == "custom":
        names = {FLOW: "flow_pretrain", SUPERVISED: "classification", BOTH: "multitask"}
        return "pretrain", names.get(get(body, f"{stage}.target")[1], "classification")
    if mode == "fewshot":
        kinds = {new: old for old, new in reversed(METHODS.items())}
        wide = get(body, f"{stage}.domains_per_episode")[0] or get(body, f"{stage}.systems_per_episode")[0]
        kind = get(body, f"{stage}.method.kind")[1] or "prototypical"
        if wide:
            return "GFS", "matching" if kind == "matching" else "classification"
        return "FS", kinds.get(kind, "prototypical_network")
    plain = {
        "reconstruction": ("pretrain", "masked_reconstruction"),
        "unified_metric": ("CDDG", "hse_contrastive"),
        "multitask": ("In_distribution", "multi_task_phm"),
    }
    return plain.get(str(mode), ("DG", "classification"))


def names_systems(value: Any) -> bool:
    """Whether a fan-out names any; 0 is a system."""
    return bool(value) or (value == 0 and not isinstance(value, bool))
