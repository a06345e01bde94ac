"""Stage 1: what stands beside the comparison of windows, such as a momentum encoder, prompts and a classification."""

from __future__ import annotations

from typing import Any

from twostage.config.stage_1.comparing import MomentumEncoder
from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Flag, Number, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.rules.optimization import OPTIMIZER
from twostage.legacy.rules.pretraining import mode_of

# Where a mode keeps its loss.
LOSS_OF = {"contrastive": "stage_1.loss", "unified_metric": "stage_1.metric"}
# Losses that can have rivals of another origin, and hard negatives.
CONTRASTS = ("nt_xent", "supcon")
WEIGHT: Names = ("task.contrast_weight", "task.contrastive_weight")
CLASSIFICATION: Names = ("task.classification_weight",)
MOMENTUM_SWITCH: Names = ("task.use_momentum", "model.use_momentum_encoder")
MOMENTUM: Names = ("task.momentum", "model.momentum")
QUEUE: Names = ("task.queue_size",)
HARD: Names = ("task.use_hard_negatives", "task.hard_negative_mining")
HARDNESS = Choice({1.0: (True, "true"), 0.0: (False, "false")})
PROMPT: Names = ("task.prompt_weight",)
PROMPT_TEMPERATURE: Names = ("task.prompt_contrastive_temperature",)
PROMPTED = ("hse_prompt", "hse_v2")


class ContrastWeight:
    """The factor of the contrastive loss; that of a unified metric is told with its other weights."""

    def forward(self, view: View, draft: Draft) -> None:
        """Where it is the loss."""
        value, leaf = _read(view, draft, WEIGHT, Number(above=0.0), modes=("contrastive",))
        if leaf is not None:
            draft.set("stage_1.contrast_weight", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for it."""
        there, value = get(body, "stage_1.contrast_weight")
        if there and stage == "stage_1":
            wishes.want(stage, WEIGHT, value)


class Classification:
    """A cross entropy beside the contrastive loss; 0 is none."""

    def forward(self, view: View, draft: Draft) -> None:
        """Recordings without a label were always left out."""
        value, leaf = _read(view, draft, CLASSIFICATION, Number(least=0.0), modes=("contrastive",))
        if leaf is None:
            return
        if value == 0.0:
            draft.set("stage_1.classification", None, leaf)
            return
        draft.set("stage_1.classification.weight", value, leaf)
        draft.set("stage_1.unlabelled", "exclude")

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The weight, or 0."""
        there, section = get(body, "stage_1.classification")
        if there and stage == "stage_1":
            wishes.want(stage, CLASSIFICATION, 0.0 if section is None else section.get("weight", 1.0))


class Momentum:
    """A momentum encoder, and its queue. Where no queue is named there is none."""

    def forward(self, view: View, draft: Draft) -> None:
        """Where a loss is a softmax over similarities, which alone can have it."""
        switched, leaf = _read(view, draft, MOMENTUM_SWITCH, Flag(), modes=tuple(LOSS_OF))
        if leaf is None:
            return
        if not switched:
            draft.set("stage_1.momentum_encoder", None, leaf)
            return
        if reason := _without_rivals(draft.body):
            draft.remark("kept-value", leaf, reason)
            return
        draft.set("stage_1.momentum_encoder", {}, leaf)
        names = _momentum(str(view.value(*OPTIMIZER)).strip().lower())
        momentum, source = _read(view, draft, names, Number(least=0.0, below=1.0))
        if source is not None:
            draft.set("stage_1.momentum_encoder.momentum", momentum, source)
        queue, source = _read(view, draft, QUEUE, Whole(0))
        draft.set("stage_1.momentum_encoder.queue", 0 if source is None else queue, source)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The switch, then what is behind it."""
        there, section = get(body, "stage_1.momentum_encoder")
        if not there or stage != "stage_1":
            return
        wishes.want(stage, MOMENTUM_SWITCH, section is not None)
        if section is not None:
            wishes.want(stage, QUEUE, section.get("queue", MomentumEncoder.model_fields["queue"].default))
            if "momentum" in section:
                wishes.want(stage, _momentum(get(body, "stage_1.optimizer.kind")[1]), section["momentum"])


class HardNegatives:
    """Old documents switch hard negatives on or off, and have no word for how much more they count."""

    def forward(self, view: View, draft: Draft) -> None:
        """Switched on, negatives are weighted by their likelihood."""
        value, leaf = _read(view, draft, HARD, HARDNESS, modes=tuple(LOSS_OF))
        if leaf is None:
            return
        loss = LOSS_OF[mode_of(draft.body, view.stage)]
        kind = get(draft.body, f"{loss}.kind")[1]
        if kind in CONTRASTS:
            draft.set(f"{loss}.hardness", value, leaf)
        else:
            draft.remark("kept-value", leaf, f"the loss {kind} chooses its negatives itself")

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """On for 1, off for 0."""
        there, value = get(body, f"{LOSS_OF.get(mode_of(body, stage), 'none')}.hardness")
        if there and stage == "stage_1":
            wishes.want(stage, HARD, HARDNESS.encode(value))


class Prompt:
    """The contrast of prompts; 0 is none."""

    def forward(self, view: View, draft: Draft) -> None:
        """Where the embedding has prompts, and there are several systems to tell apart."""
        value, leaf = _read(view, draft, PROMPT, Number(least=0.0), modes=tuple(LOSS_OF))
        if leaf is None:
            return
        if value == 0.0:
            draft.set("stage_1.prompt", None, leaf)
            return
        if reason := _without_prompts(draft.body):
            draft.remark("kept-value", leaf, reason)
            return
        draft.set("stage_1.prompt.weight", value, leaf)
        draft.set("stage_1.unlabelled", "exclude")
        temperature, source = _read(view, draft, PROMPT_TEMPERATURE, Number(above=0.0))
        if source is not None:
            draft.set("stage_1.prompt.temperature", temperature, source)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The weight, or 0, and the temperature."""
        there, section = get(body, "stage_1.prompt")
        if not there or stage != "stage_1":
            return
        wishes.want(stage, PROMPT, 0.0 if section is None else section.get("weight", 0.1))
        if section is not None and "temperature" in section:
            wishes.want(stage, PROMPT_TEMPERATURE, section["temperature"])


def _read(
    view: View, draft: Draft, names: Names, codec: Any, *, modes: tuple[str, ...] | None = None
) -> tuple[Any, Leaf | None]:
    """Value and leaf, in stage 1 and in some modes; both None where there is none."""
    if view.stage != "stage_1" or (modes is not None and mode_of(draft.body, view.stage) not in modes):
        return None, None
    leaf = view.find(*names)
    value = None if leaf is None else decoded(leaf, codec, draft)
    return value, None if value is None else leaf


def _without_rivals(body: Body) -> str | None:
    kind = get(body, f"{LOSS_OF[mode_of(body, 'stage_1')]}.kind")[1]
    if kind not in CONTRASTS:
        return f"the loss {kind} compares windows of one batch alone"
    return "the metric loss has no weight" if get(body, "stage_1.metric_weight")[1] == 0.0 else None


def _without_prompts(body: Body) -> str | None:
    kind, none = get(body, "model.embedding.kind")[1], get(body, "model.embedding.prompt") == (True, None)
    outer = get(body, "model.network.kind")[1] == "isfm_prompt"
    if not outer and (kind not in PROMPTED or none):
        return "the embedding has no prompts to compare"
    systems = get(body, "stage_1.systems")[1]
    return "prompts of a single system cannot be compared" if systems and len(systems) == 1 else None


def _momentum(optimizer: str | None) -> Names:
    """The names of the share that stays; with SGD the task's momentum is the optimiser's."""
    return MOMENTUM[1:] if optimizer == "sgd" else MOMENTUM


STAGE: tuple[Rule, ...] = (ContrastWeight(), Classification(), Momentum(), HardNegatives(), Prompt())
