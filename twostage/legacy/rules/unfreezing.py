"""Parts of the encoder that begin to train later. No version of the old code did anything of the kind."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Flag, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.pretraining import mode_of

HOLDER = "stage.progressive_unfreezing"
SWITCH: Names = (f"{HOLDER}.enabled", "finetune.gradual_unfreezing")
WAITS: dict[str, Names] = {
    "embedding": (f"{HOLDER}.freeze_embedding_epochs",),
    "backbone": (f"{HOLDER}.freeze_backbone_epochs",),
}
SCHEDULE: Names = (f"{HOLDER}.unfreeze_schedule",)
SCHEDULES = Choice({"at_once": ("step", "at_once", "immediate"), "linear": ("linear",)})
TARGET = "stage_2.unfreeze"


class Unfreeze:
    """The switch, and how long each part waits."""

    def forward(self, view: View, draft: Draft) -> None:
        """Options count only where it is switched on, and where the stage is long enough for them."""
        if view.stage != "stage_2" or mode_of(draft.body, "stage_2") == "fewshot":
            return
        switch = view.find(*SWITCH)
        on = bool(view.below(HOLDER)) if switch is None else decoded(switch, Flag(), draft)
        if on is False and switch is not None:
            draft.set(TARGET, None, switch)
        if not on:
            return
        waits = self._waits(view, draft)
        if not waits:
            return
        draft.set(TARGET, {}, switch)
        for part, (leaf, epochs) in waits.items():
            draft.set(f"{TARGET}.{part}", epochs, leaf)
        told = view.find(*SCHEDULE)
        schedule = None if told is None else decoded(told, SCHEDULES, draft)
        if schedule is not None:
            draft.set(f"{TARGET}.schedule", schedule, told)
        draft.remark("unfreezes", switch, "the old code never froze anything; here these parts begin to train later")

    @staticmethod
    def _waits(view: View, draft: Draft) -> dict[str, tuple[Leaf, int]]:
        """The parts that can wait: a frozen one never trains, and one that waits for all epochs would not either."""
        epochs = get(draft.body, "stage_2.epochs")[1]
        found: dict[str, tuple[Leaf, int]] = {}
        for part, names in WAITS.items():
            leaf = view.find(*names)
            value: Any = None if leaf is None else decoded(leaf, Whole(1), draft)
            if leaf is None or value is None or get(draft.body, f"stage_2.freeze.{part}")[1]:
                continue
            if value < epochs:
                found[part] = (leaf, value)
            else:
                draft.remark(
                    "never-unfrozen", leaf, f"the {part} would wait for all {epochs} epochs; it trains at once"
                )
        return found

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The switch, and the options where it is on."""
        there, section = get(body, TARGET)
        if stage != "stage_2" or not there:
            return
        wishes.want(stage, SWITCH, value=section is not None)
        for part, names in WAITS.items():
            if section is not None and section.get(part) is not None:
                wishes.want(stage, names, section[part])
        if section is not None and "schedule" in section:
            wishes.want(stage, SCHEDULE, SCHEDULES.encode(section["schedule"]))


STAGE: tuple[Rule, ...] = (Unfreeze(),)
