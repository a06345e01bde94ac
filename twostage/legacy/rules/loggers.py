"""Trackers of experiments: where old files switch one on, ``loggers`` has it beside the files of every training."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.leaves import same
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, differs, get

WANDB = "environment.wandb"
SWANLAB = "environment.swanlab"
TRACKERS: Names = (WANDB, SWANLAB)
MODES = {"wandb": "environment.WANDB_MODE", "swanlab": "environment.SWANLAB_MODE"}
FILES = ({"kind": "csv"}, {"kind": "tensorboard"})
_SENDING = ("online", "cloud")
_DRY = "dryrun"


class Loggers:
    """``wandb`` and ``swanlab`` as loggers that send, or, for ``wandb: dryrun``, write files to be sent later.

    A mode among the variables of the environment that sends nothing keeps the tracker off.
    """

    def forward(self, view: View, draft: Draft) -> None:
        """The trackers that are switched on, behind the files that are always written."""
        found = [(leaf, entry) for name in TRACKERS if (leaf := view.find(name)) and (entry := _entry(view, leaf))]
        if not found:
            return
        draft.set("loggers", [*map(dict, FILES), *(entry for _, entry in found)], *(leaf for leaf, _ in found))
        for first, _ in found:
            self._others(view, draft, first)

    @staticmethod
    def _others(view: View, draft: Draft, first: Leaf) -> None:
        name = ".".join(map(str, first.key or ()))
        for scope in view.scopes:
            leaf = view.only(scope).find(name)
            if leaf is None or leaf is first:
                continue
            if same(leaf.value, first.value):
                draft.use("loggers", leaf)
            else:
                differs(draft, leaf, "loggers", "remark")

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Each tracker by its switch; what has no old word is told when the old document is checked."""
        there, loggers = get(body, "loggers")
        kinds = {entry["kind"]: entry for entry in loggers} if there else {}
        for name in TRACKERS:
            entry = kinds.get(name.rpartition(".")[2])
            if entry is not None:
                wishes.want(stage, name, True if entry.get("mode") == "online" else _DRY)


def _entry(view: View, leaf: Leaf) -> dict[str, Any] | None:
    """The logger that a switch stands for; None where it is off, or says nothing that is known."""
    kind = str((leaf.key or ("",))[-1])
    mode = view.value(MODES[kind])
    if leaf.value is True and mode in (None, *_SENDING):
        return {"kind": kind, "mode": "online", "missing": "tell"}
    if kind == "wandb" and leaf.value == _DRY and not view.executed and mode is None:
        return {"kind": kind, "mode": "offline", "missing": "tell"}
    return None


DOCUMENT: tuple[Rule, ...] = (Loggers(),)
