"""How often a stage validates: after so many epochs, or several times within one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Number, Whole
from twostage.legacy.core.forward import Draft, Names, NotHere, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.optimization import trains

EPOCHS: Names = ("trainer.check_val_every_n_epoch",)
WITHIN: Names = ("trainer.val_check_interval",)


@dataclass(frozen=True)
class Part:
    """A share of an epoch. A whole number would count batches."""

    def decode(self, old: Any) -> float:
        """Above 0 and at most 1."""
        if type(old) is int:
            raise NotHere(f"{old!r} counts batches; here validations are counted in epochs and fractions of one")
        value = Number(above=0.0).decode(old)
        if value > 1.0:
            raise NotHere(f"expected a share of an epoch, found {old!r}")
        return value

    def encode(self, new: Any) -> Any:
        """As it is."""
        return new


class ValidateEvery:
    """Both keys as one number; a share of an epoch counts only where every epoch is validated."""

    def forward(self, view: View, draft: Draft) -> None:
        """Epochs first."""
        if view.stage is None or not trains(draft.body, view.stage):
            return
        leaf, inner = view.find(*EPOCHS), view.find(*WITHIN)
        epochs = None if leaf is None else decoded(leaf, Whole(1), draft)
        share = None if inner is None else decoded(inner, Part(), draft)
        target = f"{view.stage}.validate_every"
        most = get(draft.body, f"{view.stage}.epochs")[1]
        if epochs is not None and epochs > 1:
            if epochs <= most:
                draft.set(target, float(epochs), leaf)
            else:
                draft.remark(
                    "never-validated", leaf, f"of {most} epochs none would be validated, and so none kept; each is"
                )
        elif epochs is not None or share is not None:
            draft.set(target, 1.0 if share is None else share, leaf, inner if share is not None else None)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """By the key that can say it; the other one must not contradict it."""
        there, value = get(body, f"{stage}.validate_every")
        if not there:
            return
        within = value < 1.0
        if not within or wishes.spelled(stage, *EPOCHS):
            wishes.want(stage, EPOCHS, 1 if within else int(value))
        if within or (value == 1.0 and wishes.spelled(stage, *WITHIN)):
            wishes.want(stage, WITHIN, value)


STAGE: tuple[Rule, ...] = (ValidateEvery(),)
