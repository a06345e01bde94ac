"""Stage 1: the losses of a contrastive strategy, one or several with weights.

The old code had this form in its documentation: its reader and its check wanted different words, so that no document
with it ran.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Number
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.comparing import LOSS_OF
from twostage.legacy.rules.pretraining import _OPTIONS, BY_CLASS, SELF_SUPERVISED, SUPERVISED, mode_of

HOLDER = "task.contrastive_strategy"
TYPE: Names = (f"{HOLDER}.type",)
TYPES = Choice({"ensemble": ("ensemble", "weighted_ensemble"), "single": ("single",)})
LOSSES = f"{HOLDER}.losses"
KIND = ("loss_type", "name")
Found = dict[str, tuple[Any, Leaf]]
CODECS = {"contrastive": SELF_SUPERVISED, "unified_metric": SUPERVISED}


class Strategy:
    """Several losses become an ensemble, a single one the loss; it counts before ``contrast_loss``."""

    def forward(self, view: View, draft: Draft) -> None:
        """Where windows are compared, and the strategy's losses are known."""
        mode, leaf = mode_of(draft.body, view.stage), view.find(*TYPE)
        if view.stage != "stage_1" or mode not in LOSS_OF or leaf is None:
            return
        kind = decoded(leaf, TYPES, draft)
        if kind == "single":
            self._single(view, draft, mode, leaf)
        if kind == "ensemble":
            self._several(view, draft, mode, leaf)

    @staticmethod
    def _single(view: View, draft: Draft, mode: str, leaf: Leaf) -> None:
        found = _term(view, draft, mode, HOLDER)
        if found is None:
            return
        _begin(view, draft, mode, [found])
        draft.use(f"{LOSS_OF[mode]}.kind", leaf)
        _put(draft, LOSS_OF[mode], found)

    @staticmethod
    def _several(view: View, draft: Draft, mode: str, leaf: Leaf) -> None:
        found: list[Found] = []
        while (term := _term(view, draft, mode, f"{LOSSES}.{len(found)}")) is not None:
            found.append(term)
        if len(found) < 2:  # noqa: PLR2004 - one loss is no ensemble
            draft.remark("kept-value", leaf, "an ensemble needs two losses or more that are known here")
            return
        _begin(view, draft, mode, found)
        draft.set(f"{LOSS_OF[mode]}.kind", "ensemble", leaf)
        for position, term in enumerate(found):
            _put(draft, f"{LOSS_OF[mode]}.terms.{position}.loss", term)
            weight = view.find(f"{LOSSES}.{position}.weight")
            value = None if weight is None else decoded(weight, Number(above=0.0), draft)
            if value is not None:
                draft.set(f"{LOSS_OF[mode]}.terms.{position}.weight", value, weight)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """An ensemble as a strategy; a single loss where the old document has it so."""
        mode = mode_of(body, stage)
        if stage != "stage_1" or mode not in LOSS_OF:
            return
        loss = get(body, LOSS_OF[mode])[1]
        if not isinstance(loss, Mapping):
            return
        if loss.get("kind") == "ensemble":
            wishes.want(stage, TYPE, "ensemble")
            for position, term in enumerate(loss.get("terms", ())):
                _ask(wishes, mode, f"{LOSSES}.{position}", term["loss"])
                if "weight" in term:
                    wishes.want(stage, f"{LOSSES}.{position}.weight", term["weight"])
        elif wishes.spelled(stage, *TYPE):
            wishes.want(stage, TYPE, "single")
            _ask(wishes, mode, HOLDER, loss)


def _term(view: View, draft: Draft, mode: str, holder: str) -> Found | None:
    """Kind and options of one loss, each with its leaf; None where there is no known loss."""
    leaf = view.find(*(f"{holder}.{key}" for key in KIND))
    kind = None if leaf is None else decoded(leaf, CODECS[mode], draft)
    if leaf is None or kind is None:
        return None
    found: Found = {"kind": (kind, leaf)}
    for new, name in _OPTIONS.get(kind, ()):
        own = view.find(f"{holder}.{name.removeprefix('task.')}")
        value = None if own is None else decoded(own, Number(above=0.0), draft)
        if own is not None and value is not None:
            found[new] = (value, own)
    return found


def _begin(view: View, draft: Draft, mode: str, found: list[Found]) -> None:
    """Take back the loss that goes without saying, and pair windows as all of these losses can have it."""
    draft.drop(LOSS_OF[mode])
    if mode != "contrastive":
        return
    by_class = all(term["kind"][0] in BY_CLASS for term in found)
    draft.set("stage_1.pairing", "class" if by_class else "recording" if view.facts["by_file"] else "views")
    if by_class:
        draft.set("stage_1.unlabelled", "exclude")
    else:
        draft.drop("stage_1.unlabelled")


def _put(draft: Draft, target: str, found: Found) -> None:
    for key, (value, leaf) in found.items():
        draft.set(f"{target}.{key}", value, leaf)


def _ask(wishes: Wishes, mode: str, holder: str, loss: Mapping[str, Any]) -> None:
    wishes.want("stage_1", tuple(f"{holder}.{key}" for key in KIND), CODECS[mode].encode(loss["kind"]))
    for new, name in _OPTIONS.get(loss["kind"], ()):
        if new in loss:
            wishes.want("stage_1", f"{holder}.{name.removeprefix('task.')}", loss[new])


STAGE: tuple[Rule, ...] = (Strategy(),)
