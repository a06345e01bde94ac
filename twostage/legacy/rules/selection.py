"""Which epoch is kept, and when a stage ends early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.core.backward import NO_WORD, Wishes
from twostage.legacy.core.codecs import Codec, Flag, Number, Whole
from twostage.legacy.core.forward import Draft, Names, NotHere, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.optimization import trains

MONITOR: Names = (
    "trainer.monitor",
    "stage.monitor",
    "trainer.early_stopping.monitor",
    "trainer.checkpoint.monitor",
    "task.early_stopping.monitor",
    "task.monitor",
    "task.es_monitor",
    "output.monitor_metric",
    "pipeline_03.checkpoint.monitor",
)
LOSSES = ("val_loss", "val_total_loss")
ACCURACIES = ("val_accuracy", "val_acc")
F1S = ("val_f1", "val_f1_macro", "val_macro_f1")
SWITCH: Names = (
    "trainer.early_stopping",
    "trainer.early_stopping.enabled",
    "task.early_stopping",
    "task.early_stopping.enabled",
    "trainer.enable_early_stopping",
)
PATIENCE: Names = (
    "trainer.patience",
    "stage.patience",
    "trainer.early_stopping.patience",
    "task.es_patience",
    "task.early_stopping.patience",
    "trainer.es_patience",
    "environment.early_stopping_patience",
    "trainer.early_stop_patience",
    "task.early_stopping_patience",
)
MIN_DELTA: Names = (
    "trainer.min_delta",
    "stage.min_delta",
    "trainer.early_stopping.min_delta",
    "task.es_min_delta",
    "task.early_stopping.min_delta",
)


KEPT: Mapping[str, tuple[Names, Codec]] = {
    "keep": (("trainer.save_top_k", "stage.save_top_k", "trainer.checkpoint.save_top_k"), Whole(1)),
    "last": (("trainer.save_last", "trainer.checkpoint.save_last"), Flag()),
}


class Monitors:
    """Names of metrics, as far as a stage logs them."""

    def __init__(self, *, classifies: bool) -> None:
        self._new: Mapping[str, tuple[str, ...]] = {
            "validation/loss": LOSSES,
            **({"validation/accuracy": ACCURACIES, "validation/macro_f1": F1S} if classifies else {}),
        }

    def decode(self, old: Any) -> str:
        """The metric of ours."""
        for new, olds in self._new.items():
            if old in olds:
                return new
        raise NotHere(f"this stage logs nothing that is called {old!r}; it keeps the epoch that it keeps by default")

    def encode(self, new: Any) -> Any:
        """The usual old name."""
        return self._new[new][0] if new in self._new else NO_WORD


def classifies(body: Body, stage: Stage | None) -> bool:
    """Whether a stage logs accuracies."""
    mode = get(body, f"{stage}.pretrain_mode")[1] or get(body, f"{stage}.adapt_mode")[1]
    weight = get(body, f"{stage}.classification_weight")[1]
    return mode in {"finetune", "fewshot"} or (mode == "unified_metric" and weight != 0.0)


class Monitor:
    """The metric that selects the checkpoint. Which direction is better follows from the metric."""

    def forward(self, view: View, draft: Draft) -> None:
        """The deciding monitor, if the stage logs it."""
        if view.stage is None or not trains(draft.body, view.stage):
            return
        leaf = view.find(*MONITOR)
        monitors: Codec = Monitors(classifies=classifies(draft.body, view.stage))
        value = None if leaf is None else decoded(leaf, monitors, draft)
        if leaf is None or value is None:
            return
        draft.set(f"{view.stage}.checkpoint.monitor", value, leaf)
        if value != "validation/loss":
            draft.remark(
                "keeps-the-best", leaf, "the old trainer kept the epoch with the lowest value, whatever the metric"
            )

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for the monitor."""
        there, value = get(body, f"{stage}.checkpoint.monitor")
        if there:
            wishes.want(stage, MONITOR, Monitors(classifies=classifies(body, stage)).encode(value))


class EarlyStopping:
    """``early_stopping: true`` and its options as a section, ``false`` as null."""

    def forward(self, view: View, draft: Draft) -> None:
        """Options count only where it is switched on."""
        if view.stage is None or not trains(draft.body, view.stage):
            return
        enabled, switch = self._enabled(view, draft)
        target = f"{view.stage}.early_stopping"
        if enabled is False:
            draft.set(target, None, switch)
        if not enabled:
            return
        section: dict[str, Any] = {}
        used: list[tuple[str, Leaf]] = []
        for key, names, codec in self._parts():
            leaf = view.find(*names)
            value = None if leaf is None else decoded(leaf, codec, draft)
            if leaf is not None and value is not None:
                section[key] = value
                used.append((key, leaf))
        draft.set(target, section, switch)
        for key, leaf in used:
            draft.use(f"{target}.{key}", leaf)

    @staticmethod
    def _enabled(view: View, draft: Draft) -> tuple[bool | None, Leaf | None]:
        """Whether it is switched on, and by which leaf; a mapping without ``enabled`` switches it on."""
        leaf = view.find(*SWITCH)
        if leaf is not None:
            return decoded(leaf, Flag(), draft), leaf
        mapped = view.below("trainer.early_stopping") or view.below("task.early_stopping")
        patient = view.find("stage.patience", *(["task.es_patience"] if view.facts["shape"] == "p04" else []))
        return (True, None) if mapped or patient else (None, None)

    @staticmethod
    def _parts() -> tuple[tuple[str, Names, Codec], ...]:
        return (("patience", PATIENCE, Whole(1)), ("min_delta", MIN_DELTA, Number(least=0.0)))

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The switch, and the options where it is on."""
        there, section = get(body, f"{stage}.early_stopping")
        if not there:
            return
        wishes.want(stage, SWITCH, value=section is not None)
        for key, names, codec in self._parts():
            if section is not None and key in section:
                wishes.want(stage, names, codec.encode(section[key]))


class Kept:
    """Weights of other epochs that lie beside the best."""

    def forward(self, view: View, draft: Draft) -> None:
        """How many of the best, and whether the last."""
        if view.stage is None or not trains(draft.body, view.stage):
            return
        for key, (names, codec) in KEPT.items():
            leaf = view.find(*names)
            value = None if leaf is None else decoded(leaf, codec, draft)
            if value is not None:
                draft.set(f"{view.stage}.checkpoint.{key}", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Key by key."""
        for key, (names, codec) in KEPT.items():
            there, value = get(body, f"{stage}.checkpoint.{key}")
            if there:
                wishes.want(stage, names, codec.encode(value))


STAGE: tuple[Rule, ...] = (Monitor(), EarlyStopping(), Kept())
