"""Several tasks in one model: which, with which weights, and the block of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Codec, Flag, Number, Whole
from twostage.legacy.core.forward import Draft, Names, NotHere, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.identity import names_systems
from twostage.legacy.rules.pretraining import mode_of

ENABLED: Names = ("task.enabled_tasks", "task.finetuning.multitask.enabled_tasks")
TASKS = ("classification", "anomaly_detection", "rul_prediction", "signal_prediction")
LEGACY_TASKS = TASKS  # the old task learned all four where none was named


class Pair:
    """Two positive numbers."""

    def decode(self, old: Any) -> list[float]:
        """As a list of floats."""
        if not isinstance(old, list) or len(old) != len(("normal", "anomaly")):
            raise NotHere(f"expected two numbers, found {old!r}")
        return [Number(above=0.0).decode(item) for item in old]

    def encode(self, new: Any) -> Any:
        """As a list."""
        return list(new)


def _block(task: str, key: str) -> Names:
    return (f"task.{task}.{key}", f"task.finetuning.{task}.{key}")


def _weights(task: str) -> Names:
    return (
        f"task.task_weights.{task}",
        f"stage.task_weights.{task}",
        f"task.finetuning.multitask.loss_weights.{task}",
        f"task.{task}.loss_weight",
    )


OPTIONS: dict[str, tuple[tuple[str, Names, Codec], ...]] = {
    "classification": (
        (
            "label_smoothing",
            (*_block("classification", "label_smoothing"), "task.label_smoothing"),
            Number(least=0.0, below=1.0),
        ),
    ),
    "anomaly_detection": (
        ("class_weights", _block("anomaly_detection", "class_weights"), Pair()),
        ("threshold", _block("anomaly_detection", "threshold"), Number(above=0.0, below=1.0)),
    ),
    "rul_prediction": (
        ("normalize_targets", _block("rul_prediction", "normalize_targets"), Flag()),
        ("max_rul", (*_block("rul_prediction", "max_rul_value"), "model.rul_max_value"), Number(above=0.0)),
    ),
    "signal_prediction": (("length", _block("signal_prediction", "pred_len"), Whole(1)),),
}


class Tasks:
    """The tasks of a multi-task adaptation."""

    def forward(self, view: View, draft: Draft) -> None:
        """Each enabled task with its weight and its block."""
        if mode_of(draft.body, view.stage) != "multitask":
            return
        draft.set("stage_2.unlabelled", "mask")
        draft.set("stage_2.missing", "skip")
        for task in self._enabled(view, draft):
            target = f"stage_2.tasks.{task}"
            draft.set(target, {})
            for key, names, codec in (("weight", _weights(task), Number(above=0.0)), *OPTIONS[task]):
                leaf = view.find(*names)
                value = None if leaf is None else decoded(leaf, codec, draft)
                if leaf is None or value is None or (key == "max_rul" and not _normalized(draft)):
                    continue
                draft.set(f"{target}.{key}", value, leaf)

    @staticmethod
    def _enabled(view: View, draft: Draft) -> list[str]:
        """In the order of the document's own fields; single-task systems need their two tasks as well."""
        leaf = view.find(*ENABLED)
        named = leaf.value if leaf is not None and isinstance(leaf.value, list) else None
        chosen: Sequence[Any] = LEGACY_TASKS if named is None else named
        single = names_systems(view.value("stage.individual_systems"))
        if single and not names_systems(view.value("stage.multitask_system")):
            chosen = ()  # no target would train the others
        found = [task for task in TASKS if task in chosen or (single and task in TASKS[:2])]
        unknown = [str(task) for task in chosen if task not in TASKS]
        if leaf is not None and (unknown or not found):
            draft.refuse(leaf, f"there is no task {unknown[0]!r} here" if unknown else "no task is enabled")
        if leaf is not None and named is not None and found and chosen:
            draft.use("stage_2.tasks", leaf)
        return found or list(LEGACY_TASKS)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Which tasks, then each block."""
        there, tasks = get(body, "stage_2.tasks")
        if stage != "stage_2" or not there or mode_of(body, stage) != "multitask":
            return
        written = [task for task in TASKS if tasks.get(task) is not None]
        wishes.want(stage, ENABLED, written)
        for task in written:
            for key, names, codec in (("weight", _weights(task), Number(above=0.0)), *OPTIONS[task]):
                if tasks[task].get(key) is not None:
                    wishes.want(stage, names, codec.encode(tasks[task][key]))


def _normalized(draft: Draft) -> bool:
    return get(draft.body, "stage_2.tasks.rul_prediction.normalize_targets")[1] is not False


STAGE: tuple[Rule, ...] = (Tasks(),)
