"""Learning-rate schedules.

The old files write them in two forms: ``scheduler: true`` with ``scheduler_type`` and flat options, or a mapping
``scheduler: {name, options}``. No form ever built a schedule in the last version of the old code.
"""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Codec, Number, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.optimization import trains

SWITCH = "task.scheduler"
KINDS = Choice(
    {
        "plateau": ("reduceonplateau", "plateau", "reducelronplateau"),
        "step": ("step", "steplr"),
        "cosine": ("cosine", "cosineannealinglr", "warmup_cosine"),
        "constant": ("none", "constant"),
    },
)
KIND: Names = (
    "task.scheduler_type",
    "task.scheduler.name",
    "task.scheduler.type",
    "stage.scheduler.name",
    "stage.scheduler",
    SWITCH,
    "trainer.scheduler_type",
    "trainer.scheduler",
    "trainer.lr_scheduler",
)


def _options(*names: str) -> Names:
    return tuple(
        f"{holder}.{name}"
        for name in names
        for holder in ("task.scheduler.options", "stage.scheduler.options", "task.scheduler", "stage.scheduler")
    )


# For each kind: new key, old names (flat first), codec.
OPTIONS: dict[str, tuple[tuple[str, Names, Codec], ...]] = {
    "step": (
        ("every", ("task.step_size", *_options("step_size"), "trainer.step_size"), Whole(1)),
        ("gamma", ("task.gamma", *_options("gamma"), "trainer.gamma"), Number(above=0.0)),
    ),
    "plateau": (
        ("factor", (*_options("factor"),), Number(above=0.0, below=1.0)),
        ("patience", ("task.patience", *_options("patience")), Whole(0)),
        ("minimum", (*_options("min_lr"), "task.min_lr"), Number(least=0.0)),
    ),
    "cosine": (
        (
            "warmup_epochs",
            ("task.warmup_epochs", *_options("warmup_epochs"), "trainer.warmup_epochs"),
            Number(least=0.0),
        ),
        ("period", (*_options("T_max"),), Whole(1)),
        ("minimum", ("task.min_lr", *_options("eta_min")), Number(least=0.0)),
    ),
    "constant": (),
}


class Scheduler:
    """The schedule of a stage."""

    def forward(self, view: View, draft: Draft) -> None:
        """The schedule that is written; as executed there was none."""
        if view.stage is None or view.facts["reading"] != "meant" or not trains(draft.body, view.stage):
            return
        switch = view.find(SWITCH)
        if switch is not None and switch.value is False:
            draft.set(f"{view.stage}.scheduler.kind", "constant", switch)
            return
        leaf = next((each for each in view.all(*KIND) if not isinstance(each.value, bool | None)), None)
        kind = None if leaf is None else decoded(leaf, KINDS, draft)
        if leaf is None or kind is None:
            return
        used = switch if switch is not None and isinstance(switch.value, bool) else None
        draft.set(f"{view.stage}.scheduler.kind", kind, leaf, used)
        for key, names, codec in OPTIONS[kind]:
            option = view.find(*names)
            value: Any = None if option is None else decoded(option, codec, draft)
            if value is not None and self._holds(key, value, view.stage, draft):
                draft.set(f"{view.stage}.scheduler.{key}", value, option)
        draft.remark("schedule-applies", leaf, f"{view.stage}: the old code never built this schedule; here it runs")

    @staticmethod
    def _holds(key: str, value: Any, stage: Stage, draft: Draft) -> bool:
        """Whether an option makes sense beside the rest of the stage."""
        epochs, lr = get(draft.body, f"{stage}.epochs")[1], get(draft.body, f"{stage}.optimizer.lr")[1]
        if key == "warmup_epochs" and epochs is not None and value > epochs:
            return False
        return not (key == "minimum" and lr is not None and value >= lr)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The flat form, unless the old file has the other one or an option has no flat name."""
        there, section = get(body, f"{stage}.scheduler")
        if not there:
            return
        kind = section["kind"]
        if kind == "constant":
            self._ask_for_none(stage, wishes)
            return
        options = [row for row in OPTIONS[kind] if row[0] in section]
        names = tuple(name for name in KIND if name != SWITCH)
        if any(_only_in_mapping(spelled) for _, spelled, _ in options):
            names = tuple(sorted(names, key=lambda name: "_type" in name))
        elif not wishes.spelled(stage, *(name for name in names if name != "task.scheduler_type")):
            wishes.want(stage, SWITCH, value=True)
        wishes.want(stage, names, KINDS.encode(kind))
        for key, spelled, codec in options:
            wishes.want(stage, spelled, codec.encode(section[key]))

    @staticmethod
    def _ask_for_none(stage: Stage | None, wishes: Wishes) -> None:
        """By the switch, or by a name where pipeline 03 has no switch."""
        if wishes.facts["shape"] == "p03" and not wishes.spelled(stage, SWITCH):
            wishes.want(stage, tuple(name for name in KIND if name != SWITCH), KINDS.encode("constant"))
        else:
            wishes.want(stage, SWITCH, value=False)


def _only_in_mapping(names: Names) -> bool:
    return ".options." in names[0]


STAGE: tuple[Rule, ...] = (Scheduler(),)
