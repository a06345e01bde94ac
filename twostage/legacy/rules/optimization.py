"""How long a stage trains, with which optimiser and schedule."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Codec, Number, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get

EPOCHS: Names = (
    "trainer.num_epochs",
    "trainer.max_epochs",
    "stage.epochs",
    "task.epochs",
    "task.max_epochs",
    "trainer.epochs",
    "trainer.n_epochs",
)
LIVE_EPOCHS: Names = EPOCHS[:2]
OPTIMIZER: Names = (
    "task.optimizer",
    "task.optimizer.name",
    "task.optimizer.type",
    "stage.optimizer",
    "trainer.optimizer",
)
OPTIMIZERS = Choice({"adam": ("adam",), "adamw": ("adamw",), "sgd": ("sgd",)})
LR: Names = (
    "task.lr",
    "stage.learning_rate",
    "task.learning_rate",
    "task.optimizer.lr",
    "trainer.learning_rate",
    "trainer.lr",
    "task.flow_lr",
)
WEIGHT_DECAY: Names = (
    "task.weight_decay",
    "stage.weight_decay",
    "task.optimizer.weight_decay",
    "trainer.weight_decay",
)


def trains(body: Body, stage: Stage) -> bool:
    """Whether a stage trains at all: an adaptation without training has no use for these keys."""
    return get(body, f"{stage}.adapt_mode")[1] != "fewshot" or get(body, f"{stage}.method.kind")[1] in {
        "prototypical",
        "matching",
    }


class Epochs:
    """The number of epochs. The old trainer trained one where none of its own keys was written."""

    def forward(self, view: View, draft: Draft) -> None:
        """What is written, or the one epoch of the old trainer."""
        if view.stage is None or not trains(draft.body, view.stage):
            return
        names = EPOCHS if view.facts["reading"] == "meant" else LIVE_EPOCHS
        leaf = view.find(*names)
        value = None if leaf is None else decoded(leaf, Whole(1), draft)
        if value is None:
            draft.set(f"{view.stage}.epochs", 1)
            draft.remark("one-epoch", None, f"{view.stage}: no number of epochs is written, and the old default was 1")
        else:
            draft.set(f"{view.stage}.epochs", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for it."""
        there, value = get(body, f"{stage}.epochs")
        if there:
            wishes.want(stage, EPOCHS, value)


class Optimizer:
    """Optimiser, learning rate and weight decay; Adam where only a learning rate is written."""

    def forward(self, view: View, draft: Draft) -> None:
        """As one section; weight decay and learning rate alone mean Adam, as in the old code."""
        if view.stage is None or not trains(draft.body, view.stage):
            return
        found = {key: _read(view, draft, names, codec) for key, names, codec in self._parts()}
        if all(value is None for _, value in found.values()):
            return
        target = f"{view.stage}.optimizer"
        draft.set(f"{target}.kind", found["kind"][1] or "adam", found["kind"][0])
        for key in ("lr", "weight_decay"):
            leaf, value = found[key]
            if value is not None:
                draft.set(f"{target}.{key}", value, leaf)
        momentum, value = _read(view, draft, ("task.momentum",), Number(least=0.0))
        if found["kind"][1] == "sgd" and value is not None:
            draft.set(f"{target}.momentum", value, momentum)

    @staticmethod
    def _parts() -> tuple[tuple[str, Names, Codec], ...]:
        return (
            ("kind", OPTIMIZER, OPTIMIZERS),
            ("lr", LR, Number(above=0.0)),
            ("weight_decay", WEIGHT_DECAY, Number(least=0.0)),
        )

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Key by key."""
        there, section = get(body, f"{stage}.optimizer")
        if not there:
            return
        for key, names, codec in self._parts():
            if key in section:
                wishes.want(stage, names, codec.encode(section[key]))
        if "momentum" in section:
            wishes.want(stage, "task.momentum", section["momentum"])


def _read(view: View, draft: Draft, names: Names, codec: Codec) -> tuple[Leaf | None, Any]:
    leaf = view.find(*names)
    return leaf, None if leaf is None else decoded(leaf, codec, draft)


STAGE: tuple[Rule, ...] = (Epochs(), Optimizer())
