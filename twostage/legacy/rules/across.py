"""Stage 1: whether batches hold systems evenly, and whether windows of one label belong together across systems.

A contrastive task that was removed in November 2025 read both switches. It compared labels as they are, whatever the
system.
"""

from __future__ import annotations

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Flag
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.comparing import LOSS_OF
from twostage.legacy.rules.pretraining import BY_CLASS, mode_of

SAMPLING: Names = ("task.use_system_sampling",)
SAMPLERS = Choice({"balanced": (True, "true"), "shuffled": (False, "false")})
ACROSS: Names = ("task.cross_system_contrast",)
# Where a mode says it, and what it says without the switch and with it.
POSITIVES = {
    "contrastive": ("stage_1.pairing", "class", "class_across_systems"),
    "unified_metric": ("stage_1.positives", "class_in_system", "class_across_systems"),
}


class SystemSampling:
    """Batches with equally many windows of each system, or each window once in an epoch."""

    name = "sampler"

    def forward(self, view: View, draft: Draft) -> None:
        """Where windows of several systems are compared."""
        leaf = view.find(*SAMPLING) if view.stage == "stage_1" else None
        if leaf is None or mode_of(draft.body, view.stage) not in LOSS_OF:
            return
        kind = decoded(leaf, SAMPLERS, draft)
        if kind is not None:
            draft.set("stage_1.sampler.kind", kind, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The switch; batches balanced by class have no old word."""
        there, kind = get(body, "stage_1.sampler.kind")
        if there and stage == "stage_1" and kind in SAMPLERS.spellings:
            wishes.want(stage, SAMPLING, SAMPLERS.encode(kind))


class AcrossSystems:
    """Positives of one label in all systems. One head then answers for all of them, because labels mean the same."""

    name = "positives"

    def forward(self, view: View, draft: Draft) -> None:
        """Where the loss goes by class."""
        mode = mode_of(draft.body, view.stage)
        leaf = view.find(*ACROSS) if view.stage == "stage_1" and mode in POSITIVES else None
        switched = None if leaf is None else decoded(leaf, Flag(), draft)
        if leaf is None or switched is None:
            return
        key, within, across = POSITIVES[mode]
        if reason := _without_classes(draft.body, mode):
            draft.remark("kept-value", leaf, reason)
            return
        draft.drop(key)
        draft.set(key, across if switched else within, leaf)
        if switched and mode == "unified_metric":
            if not draft.written("stage_1.head.kind"):
                draft.set("stage_1.head.kind", "linear", leaf)
            draft.set("stage_1.head.share", "shared", leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """On where it is across systems; off where the old document says so."""
        mode = mode_of(body, stage)
        if stage != "stage_1" or mode not in POSITIVES:
            return
        key, within, across = POSITIVES[mode]
        value = get(body, key)[1]
        if value == across or (value == within and wishes.spelled(stage, *ACROSS)):
            wishes.want(stage, ACROSS, value == across)


def _without_classes(body: Body, mode: str) -> str | None:
    """Why a label has no say in the comparison, or None."""
    if mode == "contrastive" and not str(get(body, "stage_1.pairing")[1]).startswith("class"):
        kind = get(body, "stage_1.loss.kind")[1]
        return f"the loss {kind} compares pairs of windows, and classes have no say; {', '.join(BY_CLASS)} go by class"
    return None


STAGE: tuple[Rule, ...] = (SystemSampling(), AcrossSystems())
