"""Penalties on the size of weights."""

from __future__ import annotations

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Flag, Number
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.optimization import trains

FLAG = "task.regularization.flag"
FACTORS: dict[str, Names] = {
    "l1": ("task.regularization.l1", "task.regularization.method.l1"),
    "l2": ("task.regularization.l2", "task.regularization.method.l2"),
}


class Regularization:
    """Both factors; an early form also has a switch."""

    def forward(self, view: View, draft: Draft) -> None:
        """What is written; the last version of the old code never found it."""
        if view.stage is None or not trains(draft.body, view.stage):
            return
        flag = view.find(FLAG)
        if flag is not None and decoded(flag, Flag(), draft) is False:
            return
        for key, names in FACTORS.items():
            leaf = view.find(*names)
            value = None if leaf is None else decoded(leaf, Number(least=0.0), draft)
            if leaf is None or value is None:
                continue
            draft.set(f"{view.stage}.regularization.{key}", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Factor by factor."""
        for key, names in FACTORS.items():
            there, value = get(body, f"{stage}.regularization.{key}")
            if there:
                wishes.want(stage, names, value)


STAGE: tuple[Rule, ...] = (Regularization(),)
