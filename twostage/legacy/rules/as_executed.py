"""The last word where a document is to repeat what the old code did: what other rules mean is turned to what ran.

Keys without an effect never get here: a view leaves them out. What is left are defaults that ran where nothing was
written, quirks of the old models, weights that were not handed over, and a split whose parts share samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Ids, Number, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.identity import word
from twostage.legacy.rules.adaptation import CHECKPOINT
from twostage.legacy.rules.crashes import CRASHES
from twostage.legacy.rules.environment import ITERATIONS, LEGACY_SEED
from twostage.legacy.rules.optimization import trains
from twostage.legacy.rules.pretraining import LOSS, mode_of
from twostage.legacy.rules.selection import LOSSES, MONITOR, SWITCH
from twostage.legacy.rules.split import LAST, LEGACY_TRAIN, TESTED, TRAIN, TRAINED

EXECUTED = "as_executed"
PATIENCE = 10
MOMENTUM = 0.9
# What other rules tell of the difference to the old code, which is none here.
NOT_SO = {
    "disjoint-validation",
    "keeps-the-best",
    "weights-transfer",
    "freezes",
    "schedule-applies",
    "window-support",
    "all-systems",
    "systems-as-domains",
}
QUIRKS = {
    "embedding.starts": ("random", "patches were drawn in no order"),
    "embedding.evaluation_starts": ("as_training", "patches were drawn anew in validation and test too"),
    "backbone.identical_start": (True, "all layers were copies of the first"),
    "backbone.period_choice": ("per_batch", "periods were those of the mean spectrum of a batch"),
    "embedding.prompt.overflow": ("wrap", "ids beyond the table were taken modulo its size"),
}
TIMED = ("hse", "hse_prompt", "hse_v2")
OF_KIND = {
    **dict.fromkeys(TIMED, ("embedding.starts", "embedding.evaluation_starts")),
    "transformer": ("backbone.identical_start",),
    "timesnet": ("backbone.period_choice",),
}


class OnceForAll:
    """Seeds, and what the models did."""

    def forward(self, view: View, draft: Draft) -> None:
        """One seed where two stages ran: repeats had the same one."""
        if view.executed and view.source.layout.stages:
            self._seeds(view, draft)
            self._model(view, draft)

    @staticmethod
    def _seeds(view: View, draft: Draft) -> None:
        there, seeds = get(draft.body, "seeds")
        if not there:
            draft.set("seeds", [LEGACY_SEED])
        elif len(view.source.layout.stages) > 1 and len(seeds) > 1:
            leaf = view.find(ITERATIONS)
            draft.body["seeds"] = seeds[:1]
            draft.uses.pop(leaf.path, None) if leaf is not None else None
            draft.remark(
                "as-executed",
                leaf,
                "two stages ran once, or every repeat with the same seed, which repeats nothing; one seed is left",
            )

    def _model(self, view: View, draft: Draft) -> None:
        kinds = [get(draft.body, f"model.{part}.kind")[1] for part in ("embedding", "backbone")]
        for key in (key for kind in kinds for key in OF_KIND.get(str(kind), ())):
            self._quirk(draft, key)
        there, prompt = get(draft.body, "model.embedding.prompt")
        if kinds[0] == "hse_v2" or (kinds[0] == "hse_prompt" and self._unheard(view, prompt)):
            if not there or prompt is not None:
                draft.drop("model.embedding.prompt")
                draft.set("model.embedding.prompt", None)
                draft.remark("as-executed", None, "an error was swallowed in every batch, so the prompt took no part")
        elif kinds[0] == "hse_prompt" and (not there or prompt is not None):
            self._quirk(draft, "embedding.prompt.overflow")

    @staticmethod
    def _quirk(draft: Draft, key: str) -> None:
        value, text = QUIRKS[key]
        draft.set(f"model.{key}", value)
        draft.remark("as-executed", None, f"model.{key}: {text}")

    @staticmethod
    def _unheard(view: View, prompt: Any) -> bool:
        """One system id for a batch cannot be set beside many windows; contrastive tasks gave one for each."""
        beside = isinstance(prompt, dict) and prompt.get("combination") == "concat"
        return beside and "contrastive" not in view.facts["modes"].values()

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Nothing to ask for: the old code did these by itself."""


class Ran:
    """What a stage really did."""

    def forward(self, view: View, draft: Draft) -> None:
        """Step by step, and last of all where it stopped."""
        if not view.executed or view.stage is None:
            return
        steps: tuple[Callable[[View, Draft, Stage], None], ...] = (
            _optimizer,
            _batches,
            _monitor,
            _early_stopping,
            _start,
            _contrast,
            _unmeasured,
            _split,
            _told,
            *CRASHES,
        )
        for step in steps:
            step(view, draft, view.stage)
        draft.remarks.found = [remark for remark in draft.remarks.found if remark.code not in NOT_SO]

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The domains of the split; other rules ask for the rest."""
        there, split = get(body, f"{stage}.split")
        if not there or split is None or split.get("unit") != EXECUTED:
            return
        for key, name in (("test_last", LAST), ("test_domains", TESTED), ("train_domains", TRAINED)):
            if split.get(key) is not None:
                wishes.want(stage, name, split[key] if key == "test_last" else list(split[key]))


def _optimizer(_: View, draft: Draft, stage: Stage) -> None:
    """Defaults of the old code."""
    there, section = get(draft.body, f"{stage}.optimizer")
    if not there:
        return
    if "weight_decay" not in section:
        draft.set(f"{stage}.optimizer.weight_decay", 0.0)
    if section["kind"] == "sgd" and "momentum" not in section:
        draft.set(f"{stage}.optimizer.momentum", MOMENTUM)


def _batches(_: View, draft: Draft, stage: Stage) -> None:
    """Each batch had windows of one system, which the head of its first window answered."""
    if get(draft.body, f"{stage}.adapt_mode")[1] != "fewshot":
        draft.set(f"{stage}.sampler.kind", "one_system")
        draft.remark("as-executed", None, f"{stage}.sampler: every batch had windows of one system alone")


def _monitor(view: View, draft: Draft, stage: Stage) -> None:
    """The lowest value was kept. Losses are all that can be said so; others end in an error, which is told apart."""
    if not trains(draft.body, stage):
        return
    leaf = view.find(*MONITOR)
    draft.drop(f"{stage}.checkpoint")
    draft.set(f"{stage}.checkpoint.monitor", "validation/loss", leaf if leaf and leaf.value in LOSSES else None)


def _early_stopping(view: View, draft: Draft, stage: Stage) -> None:
    """Any value that is neither empty nor false switched it on."""
    leaf = view.find(*SWITCH)
    if leaf is not None and not isinstance(leaf.value, bool) and trains(draft.body, stage):
        draft.set(f"{stage}.early_stopping", {} if leaf.value else None, leaf)
    if get(draft.body, f"{stage}.early_stopping")[1] is None:
        return
    if view.below(SWITCH[0]):
        draft.remark("as-executed", None, f"{stage}: early_stopping as a mapping switched it on, whatever it holds")
    if not draft.written(f"{stage}.early_stopping.patience"):
        draft.set(f"{stage}.early_stopping.patience", PATIENCE)


def _start(view: View, draft: Draft, stage: Stage) -> None:
    """No weight of an earlier stage reached a later one, and no part was frozen."""
    if stage != "stage_2":
        return
    leaf: Leaf | None = view.find(*CHECKPOINT)
    if draft.written("stage_2.init"):
        draft.drop("stage_2.init")
        draft.remark(
            "as-executed", leaf, "no name in this file fitted, so no weight was loaded; it starts from scratch"
        )
    if "stage_1" in view.source.layout.stages:
        draft.set("stage_2.start", "from_scratch")
        draft.remark("as-executed", None, "stage 2 started from scratch: not one weight of stage 1 was handed over")
    for key in ("freeze", "lr_multipliers", "repeats"):
        draft.drop(f"stage_2.{key}")
    if word(view, "task.type") in {"fs", "gfs"}:
        text = "few-shot tasks trained on plain batches with a cross entropy; no episode was evaluated"
        draft.remark("as-executed", view.find("task.type"), text)


def _contrast(view: View, draft: Draft, stage: Stage) -> None:
    """INFONCE got no labels and answered 0."""
    leaf, mode = view.find(*LOSS), mode_of(draft.body, stage)
    zero = leaf is None or leaf.value == "INFONCE"
    if (
        stage != "stage_1"
        or word(view, "task.name") != "hse_contrastive"
        or mode not in {"contrastive", "unified_metric"}
    ):
        return
    if mode == "unified_metric" and zero:
        draft.drop("stage_1.metric_weight")
        draft.set("stage_1.metric_weight", 0.0)
        draft.remark("as-executed", leaf, "INFONCE was the constant 0, so only the cross entropy trained")
    elif zero:
        draft.unrepeatable(
            leaf or "task.contrast_loss",
            "INFONCE was the constant 0 and moved no weight; delete stage_1, or this entry to train it as it was meant",
        )
    else:
        text = "the old loss compared features with noise on them, without a projection; here it is the published one"
        draft.remark("not-reproduced", leaf, text)


def _unmeasured(_: View, draft: Draft, stage: Stage) -> None:
    """Nothing was measured between the stages."""
    if stage == "stage_1" and mode_of(draft.body, stage) == "unified_metric":
        draft.set("stage_1.zero_shot", None)


def _split(view: View, draft: Draft, stage: Stage) -> None:
    """The first windows train, all of them validate, and the test depends on the task."""
    draft.drop(f"{stage}.split")
    leaf = view.find(*TRAIN)
    share = None if leaf is None else decoded(leaf, Number(above=0.0, below=1.0 + 1e-12), draft)
    draft.set(f"{stage}.split.unit", EXECUTED)
    draft.set(f"{stage}.split.train", share or LEGACY_TRAIN, leaf if share else None)
    for key, value, used in _selection(view, draft):
        draft.set(f"{stage}.split.{key}", value, used)
    draft.remark(
        "leaky-split",
        leaf,
        f"{stage}: the first windows of a recording train and all of them validate; without domains they are tested",
    )


def _selection(view: View, draft: Draft) -> Iterator[tuple[str, Any, Leaf | None]]:
    """Tested domains of the tasks that had some."""
    kind = word(view, "task.type")
    if kind not in {"dg", "cddg"}:
        return
    last = view.find(LAST)
    count = None if last is None or last.value == 0 else decoded(last, Whole(1), draft)
    if count is not None:
        yield "test_last", count, last
        if kind == "dg":
            yield "pooled", True, None
        return
    tested, trained = (_ids(view, draft, name) for name in (TESTED, TRAINED))
    if kind == "dg" and tested is not None and trained is not None:
        yield "test_domains", tested[1], tested[0]
        yield "train_domains", trained[1], trained[0]
    else:
        draft.crash(LAST, "the task wants to know its tested domains")


def _ids(view: View, draft: Draft, name: str) -> tuple[Leaf, list[int]] | None:
    leaf = view.find(name)
    ids = None if leaf is None else decoded(leaf, Ids(), draft)
    return None if leaf is None or ids is None else (leaf, ids)


# What mattered and has no place: each with the test of its value, and what is told.
_LOST: tuple[tuple[Names, Callable[[Any], bool], str], ...] = (
    (("trainer.pruning",), bool, "small weights were set to zero after every epoch"),
)


def _told(view: View, draft: Draft, stage: Stage) -> None:
    """What ran and cannot run here."""
    for names, matters, text in _LOST:
        leaf = view.find(*names)
        if leaf is not None and matters(leaf.value):
            draft.unrepeatable(leaf, f"{text}; delete this entry to run without")
    if stage == "stage_2" and word(view, "task.type") == "gfs":
        text = "training batches were drawn as episodes of one system; here they are plain batches"
        draft.remark("not-reproduced", view.find("task.type"), text)


DOCUMENT: tuple[Rule, ...] = (OnceForAll(),)
STAGE: tuple[Rule, ...] = (Ran(),)
