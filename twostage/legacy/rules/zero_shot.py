"""Evaluation between the stages. No version of the old code had it; some files ask for it."""

from __future__ import annotations

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.forward import Draft, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, get

SWITCH = "pipeline_03.zero_shot_evaluation.enabled"


class ZeroShot:
    """Switched on, with our own neighbours."""

    def forward(self, view: View, draft: Draft) -> None:
        """As a section, or null."""
        leaf = view.find(SWITCH) if view.stage == "stage_1" else None
        if leaf is not None and isinstance(leaf.value, bool):
            draft.set("stage_1.zero_shot", {} if leaf.value else None, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The switch."""
        there, value = get(body, "stage_1.zero_shot")
        if there and stage == "stage_1":
            wishes.want(stage, SWITCH, value is not None, scopes=wishes.layout.scopes()[:1])


STAGE: tuple[Rule, ...] = (ZeroShot(),)
