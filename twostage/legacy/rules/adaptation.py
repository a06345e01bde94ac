"""Stage 2: targets, what starts it, what is frozen."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Flag, Ids, Number, Text
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Key, Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.identity import SINGLE_TASKS, by_task, names_systems
from twostage.legacy.names import names_of_ids
from twostage.legacy.rules.pretraining import SYSTEMS_PROPER, mode_of

INDIVIDUAL: Names = ("stage.individual_systems",)
TOGETHER: Names = ("stage.multitask_system",)
NAMED: Names = ("stage.target_datasets",)
LISTED = "stage.finetune_targets"
CHECKPOINT: Names = (
    "model.weights_path",
    "model.weight_path",
    "model.pretrained_checkpoint",
    "model.load_checkpoint",
    "model.pretrained_path",
    "stage.pretrained_path",
)
HANDED_ON: Names = (
    "stage.load_pretrained",
    "pipeline_03.checkpoint.load_pretrained",
    "pipeline_03.checkpoint_strategy.load_pretrained_for_stage_2",
)
FROZEN: dict[str, Names] = {
    "embedding": ("task.freeze_embedding", "model.freeze_embedding"),
    "backbone": ("task.freeze_backbone", "model.freeze_backbone", "stage.freeze_backbone"),
    "prompt": (
        "task.freeze_prompt",
        "model.freeze_prompt",
        "model.freeze_prompts_in_finetuning",
        "stage.freeze_prompts",
    ),
}
MULTIPLIERS: dict[str, Names] = {
    "backbone": ("task.backbone_lr_multiplier", "finetune.backbone_lr_multiplier"),
    "head": ("finetune.head_lr_multiplier",),
}
PROMPTED = ("hse_prompt", "hse_v2")


class Targets:
    """What stage 2 adapts to: one training for all systems of a task, or one for each entry of a list."""

    def forward(self, view: View, draft: Draft) -> None:
        """By structure: lists of pipelines 03 and 04 first, then the systems of the task."""
        if view.stage != "stage_2":
            return
        draft.set("stage_2.control", "none")
        if mode_of(draft.body, "stage_2") != "multitask":
            draft.set("stage_2.unlabelled", "exclude")
        if not (self._listed(view, draft) or self._by_task(view, draft) or self._by_name(view, draft)):
            self._of_task(view, draft)

    @staticmethod
    def _listed(view: View, draft: Draft) -> bool:
        """``finetune_targets`` of pipeline 04."""
        ids = [leaf for leaf in view.below(LISTED) if leaf.key is not None and _is_id(leaf.key)]
        values = [leaf.value for leaf in ids]
        if not ids or not all(type(value) is int for value in values) or len(set(values)) != len(values):
            return False
        draft.set("stage_2.targets", [{"system": value} for value in values])
        for index, leaf in enumerate(ids):
            draft.use(("stage_2", "targets", index, "system"), leaf)
        return True

    @staticmethod
    def _by_task(view: View, draft: Draft) -> bool:
        """Single tasks and the multi-task system of pipeline 03."""
        single, together = view.find(*INDIVIDUAL), view.find(*TOGETHER)
        ids = None if single is None else decoded(single, Ids(), draft)
        all_tasks = None if together is None or not names_systems(together.value) else decoded(together, Ids(), draft)
        if ids is None and all_tasks is None:
            return False
        if mode_of(draft.body, "stage_2") != "multitask":  # there is one task, and each system has it
            draft.set("stage_2.targets", _one_by_one(ids or all_tasks), single if ids else together)
            return True
        entries = [{"system": system, "tasks": [task]} for system in ids or [] for task in SINGLE_TASKS]
        entries += [{"system": system} for system in all_tasks or []]
        draft.set("stage_2.targets", entries, single if ids else None, together if all_tasks else None)
        return True

    @staticmethod
    def _by_name(view: View, draft: Draft) -> bool:
        """Names of data sets, where the file itself says which ids they have."""
        leaf = view.find(*NAMED)
        found = names_of_ids(view.value("data.unified_datasets"), view.value("data.dataset_ids"))
        if leaf is None or not isinstance(leaf.value, list) or not found:
            return False
        table = {str(name): each for each, name in found.items()}
        if not all(isinstance(name, str) and name in table for name in leaf.value):
            draft.remark("names-without-ids", leaf, "the file does not say which system ids these names have")
            return False
        draft.set("stage_2.targets", [{"system": table[name]} for name in leaf.value], leaf)
        return True

    @staticmethod
    def _of_task(view: View, draft: Draft) -> None:
        leaf = view.find(*SYSTEMS_PROPER)
        ids = None if leaf is None else decoded(leaf, Ids(), draft)
        if leaf is not None and ids is not None and (len(ids) == 1 or _each(view)):
            draft.set("stage_2.targets", [{"system": system} for system in ids], leaf)
        elif leaf is not None and ids is not None:
            draft.set("stage_2.targets", [{"systems": ids}], leaf)
        else:
            draft.set("stage_2.targets", [{"systems": "all"}])
            draft.remark(
                "all-systems", leaf, "no system is named; stage 2 adapts to all systems of the source together"
            )

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The shape's own way of naming targets."""
        there, targets = get(body, "stage_2.targets")
        if stage != "stage_2" or not there:
            return
        named = wishes.spelled(stage, *INDIVIDUAL, *TOGETHER) if mode_of(body, stage) != "multitask" else None
        if named and _singles(targets):
            wishes.want(stage, named, [target["system"] for target in targets])
        elif wishes.spelled(stage, *SYSTEMS_PROPER) and len(targets) > 1 and _singles(targets):
            wishes.want(stage, SYSTEMS_PROPER, [target["system"] for target in targets])
        elif wishes.facts["shape"] == "p04":
            for index, target in enumerate(targets):
                wishes.want(stage, f"{LISTED}.{index}.dataset_id", target.get("system"))
        elif wishes.spelled(stage, *NAMED):
            _ask_by_name(targets, stage, wishes)
        elif wishes.facts["shape"] == "p03" and mode_of(body, stage) == "multitask" and by_task(targets):
            _ask_by_task(targets, stage, wishes)
        elif len(targets) == 1:
            ids = targets[0].get("systems") or [targets[0].get("system")]
            if ids != "all":
                wishes.want(stage, SYSTEMS_PROPER, list(ids))


def _is_id(key: Key) -> bool:
    """Whether a key below ``finetune_targets`` is the id of an item."""
    *_, listed, place, name = key
    return name == "dataset_id" and isinstance(place, int) and listed == "finetune_targets"


def _each(view: View) -> bool:
    """Whether systems are adapted to one by one: pipeline 04 went on from one pretraining to each of its systems."""
    return view.facts["pipeline"] == "04" and view.facts["shape"] in {"p03", "p04"}


def _one_by_one(ids: list[int] | None) -> list[dict[str, int]]:
    return [{"system": system} for system in ids or ()]


def _singles(targets: Any) -> bool:
    return all(list(target) == ["system"] for target in targets)


def _ask_by_task(targets: Any, stage: Stage, wishes: Wishes) -> None:
    single = dict.fromkeys(target["system"] for target in targets if "tasks" in target and "system" in target)
    together = [target.get("system") for target in targets if "tasks" not in target]
    if single:
        wishes.want(stage, INDIVIDUAL, list(single))
    if together:
        wishes.want(stage, TOGETHER, together[0] if len(together) == 1 else together)


def _ask_by_name(targets: Any, stage: Stage, wishes: Wishes) -> None:
    table = wishes.facts["names_of_ids"]
    wishes.want(stage, NAMED, [table.get(target.get("system")) for target in targets])


class Init:
    """The checkpoint that a single file starts from."""

    def forward(self, view: View, draft: Draft) -> None:
        """A path; ``false`` and null name none."""
        if view.stage != "stage_2" or "stage_1" in view.source.layout.stages:
            return
        leaf = next((each for each in view.all(*CHECKPOINT) if isinstance(each.value, str) and each.value), None)
        if leaf is not None:
            draft.set("stage_2.init.checkpoint", leaf.value, leaf)
            draft.remark(
                "weights-transfer", leaf, "the old code loaded no weight from this file; here all of them must fit"
            )

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for the path."""
        there, value = get(body, "stage_2.init.checkpoint")
        if there and stage == "stage_2":
            wishes.want(stage, CHECKPOINT, Text().encode(value))


class Start:
    """``load_pretrained: false``: stage 2 starts from scratch beside stage 1."""

    def forward(self, view: View, draft: Draft) -> None:
        """Only false says something; handing weights on is what a second stage is for."""
        if view.stage != "stage_2" or "stage_1" not in view.source.layout.stages:
            return
        leaf = view.find(*HANDED_ON)
        value = None if leaf is None else decoded(leaf, Flag(), draft)
        if value is False:
            draft.set("stage_2.start", "from_scratch", leaf)
        elif not view.executed:
            draft.remark(
                "weights-now-transferred",
                leaf,
                "the old code handed no weight on from stage 1; here stage 2 starts there",
            )

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The switch of pipeline 03; as executed, starting from scratch needs no word."""
        there, value = get(body, "stage_2.start")
        known = wishes.facts["shape"] == "p03" or wishes.spelled(stage, *HANDED_ON)
        if there and stage == "stage_2" and value == "from_scratch" and known and wishes.facts["reading"] == "meant":
            wishes.want(stage, HANDED_ON, value=False)


class Freeze:
    """Parts that do not train. No version of the old code froze anything by these keys."""

    def forward(self, view: View, draft: Draft) -> None:
        """Where the adaptation has such parts."""
        if view.stage != "stage_2" or mode_of(draft.body, "stage_2") == "fewshot":
            return
        prompted = get(draft.body, "model.embedding.kind")[1] in PROMPTED
        for part, names in FROZEN.items():
            leaf = view.find(*names)
            value = None if leaf is None else decoded(leaf, Flag(), draft)
            if leaf is None or value is None or (part == "prompt" and not prompted):
                continue
            draft.set(f"stage_2.freeze.{part}", value, leaf)
            if value:
                draft.remark("freezes", leaf, f"the old code never froze the {part}; here it keeps its weights")
        for part, names in MULTIPLIERS.items():
            leaf = view.find(*names)
            factor = None if leaf is None else decoded(leaf, Number(above=0.0), draft)
            if leaf is not None and factor is not None and not get(draft.body, f"stage_2.freeze.{part}")[1]:
                draft.set(f"stage_2.lr_multipliers.{part}", factor, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Part by part."""
        if stage != "stage_2":
            return
        for part, names in FROZEN.items():
            there, value = get(body, f"stage_2.freeze.{part}")
            if there:
                wishes.want(stage, names, value)
        for part, names in MULTIPLIERS.items():
            there, factor = get(body, f"stage_2.lr_multipliers.{part}")
            if there:
                wishes.want(stage, names, factor)


class LabelSmoothing:
    """Label smoothing of a fine-tuning."""

    def forward(self, view: View, draft: Draft) -> None:
        """Where the stage classifies."""
        leaf: Leaf | None = view.find("task.label_smoothing") if mode_of(draft.body, view.stage) == "finetune" else None
        value = None if leaf is None else decoded(leaf, Number(least=0.0, below=1.0), draft)
        if leaf is not None and value is not None:
            draft.set("stage_2.label_smoothing", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for it."""
        there, value = get(body, "stage_2.label_smoothing")
        if there and stage == "stage_2":
            wishes.want(stage, "task.label_smoothing", value)


STAGE: tuple[Rule, ...] = (Targets(), Init(), Start(), Freeze(), LabelSmoothing())
