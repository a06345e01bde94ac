"""Stage 1: what each ``pretrain_mode`` takes from the task section."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.codecs import Choice, Codec, Flag, Ids, Number, Whole
from twostage.legacy.core.forward import Draft, Names, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, decoded, get
from twostage.legacy.identity import identity_of

SYSTEMS: Names = (
    "task.target_system_id",
    "stage.target_systems",
    "task.target_dataset_id",
    "data.target_system_id",
    "data.dataset_ids",
    "task.source_domain_id",
)
# The last of them names domains, except where a document of pipeline 04 keeps its systems there.
SYSTEMS_PROPER: Names = SYSTEMS[:-1]
LOSS: Names = ("task.contrast_loss",)
SELF_SUPERVISED = Choice(
    {
        "nt_xent": ("INFONCE",),
        "supcon": ("SUPCON",),
        "triplet": ("TRIPLET",),
        "prototypical": ("PROTOTYPICAL",),
        "barlow_twins": ("BARLOWTWINS",),
        "vicreg": ("VICREG",),
    },
)
SUPERVISED = Choice({"supcon": ("INFONCE", "SUPCON"), "triplet": ("TRIPLET",), "prototypical": ("PROTOTYPICAL",)})
BY_CLASS = ("supcon", "triplet", "prototypical")
RATIO: Names = ("stage.masking_ratio", "task.mask_ratio", "task.masking_ratio")
FORECAST: Names = ("stage.forecast_part", "task.forecast_part")
LEGACY_RATIO, LEGACY_FORECAST = 0.15, 0.1
LEGACY_WEIGHT = 0.15
# What pipeline 03 calls the task of the whole document.
LABELS_OF_03 = {"task.type": "multi_stage", "task.name": "multitask_pretrain_finetune"}
PROJECTS = "model.use_projection_head"
PROJECTION: Names = ("task.projection_dim", "model.projection_dim")
SHARE = Number(least=0.0, below=1.0)
FLOW_SWITCH = "task.use_contrastive"
FLOW_CONTRAST: tuple[tuple[str, Names, Codec], ...] = (
    ("weight", ("task.contrastive_weight",), Number(above=0.0)),
    ("temperature", ("task.contrastive_temperature",), Number(above=0.0)),
    ("projection.dim", ("task.projection_dim",), Whole(1)),
    ("projection.hidden", ("task.contrastive_hidden_dim",), Whole(1)),
)


def mode_of(body: Body, stage: Stage | None) -> Any:
    """The mode of a stage, whichever it is."""
    return get(body, f"{stage}.pretrain_mode")[1] or get(body, f"{stage}.adapt_mode")[1]


class Mode:
    """The mode, which was found from structure and task, and the task's names."""

    def forward(self, view: View, draft: Draft) -> None:
        """Write the mode first: other rules ask for it."""
        if view.stage is None:
            return
        key = f"{view.stage}.{'pretrain' if view.stage == 'stage_1' else 'adapt'}_mode"
        draft.set(key, view.facts["modes"][view.stage], view.find("task.type"), view.find("task.name"))
        draft.use(key, view.find("stage.enabled"), view.find("stage.type"))
        target = view.facts["targets"].get(view.stage)
        if target is not None:
            draft.set(f"{view.stage}.target", target, view.find("task.task_list") if "prediction" in target else None)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Type and name of the task."""
        if stage is None or not get(body, stage)[0]:
            return
        shape = wishes.facts["shape"]
        for key, value in identity_of(body, stage, shape).items():
            wishes.want(stage, key, value, scopes=wishes.layout.sees[stage][:1] if shape == "p03" else None)
        if shape == "p03":
            for key, value in LABELS_OF_03.items():
                wishes.want(stage, key, value, scopes=wishes.layout.scopes()[:1])


class Systems:
    """The systems of a pretraining."""

    def forward(self, view: View, draft: Draft) -> None:
        """Those that are named; without any, the source's."""
        if view.stage != "stage_1":
            return
        leaf = view.find(*(SYSTEMS if view.facts["shape"] == "p04" else SYSTEMS_PROPER))
        value = None if leaf is None else decoded(leaf, Ids(), draft)
        if leaf is not None and value is not None:
            draft.set("stage_1.systems", value, leaf)
            if leaf.key == ("task", "source_domain_id"):
                draft.remark("systems-as-domains", leaf, "the ids of a key for domains are taken as systems")

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for them."""
        there, value = get(body, "stage_1.systems")
        if there and value is not None and stage == "stage_1":
            wishes.want(stage, SYSTEMS, list(value))


class Contrastive:
    """Loss and pairing. Pairs are two views of a window unless the loss goes by class or the task by file."""

    def forward(self, view: View, draft: Draft) -> None:
        """INFONCE compares two views of each window; losses by class read labels."""
        if mode_of(draft.body, view.stage) != "contrastive":
            return
        leaf = view.find(*LOSS)
        kind = (None if leaf is None else decoded(leaf, SELF_SUPERVISED, draft)) or "nt_xent"
        by_file = view.facts["by_file"]
        pairing = "class" if kind in BY_CLASS else "recording" if by_file else "views"
        draft.set("stage_1.pairing", pairing)
        draft.set("stage_1.loss.kind", kind, leaf)
        if pairing == "class":
            draft.set("stage_1.unlabelled", "exclude")
        _loss_options(view, draft, "stage_1.loss", kind)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The loss by its name."""
        if stage == "stage_1" and mode_of(body, stage) == "contrastive":
            _ask_loss(body, "stage_1.loss", wishes, SELF_SUPERVISED)


class UnifiedMetric:
    """Cross entropy and a metric loss by class, with their weights."""

    def forward(self, view: View, draft: Draft) -> None:
        """Without a contrastive task the metric has no weight: plain classification."""
        if mode_of(draft.body, view.stage) != "unified_metric":
            return
        leaf = view.find(*LOSS)
        kind = (None if leaf is None else decoded(leaf, SUPERVISED, draft)) or "supcon"
        draft.set("stage_1.metric.kind", kind, leaf)
        _loss_options(view, draft, "stage_1.metric", kind)
        for key, name, default in (
            ("metric_weight", "task.contrast_weight", LEGACY_WEIGHT if view.facts["contrasts"] else 0.0),
            ("classification_weight", "task.classification_weight", 1.0),
        ):
            weight = view.find(name)
            value = None if weight is None else decoded(weight, Number(least=0.0), draft)
            draft.set(f"stage_1.{key}", default if value is None else value, None if value is None else weight)
        draft.set("stage_1.unlabelled", "exclude")

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Loss and weights."""
        if stage != "stage_1" or mode_of(body, stage) != "unified_metric":
            return
        _ask_loss(body, "stage_1.metric", wishes, SUPERVISED)
        for key, name in (
            ("metric_weight", "task.contrast_weight"),
            ("classification_weight", "task.classification_weight"),
        ):
            there, value = get(body, f"stage_1.{key}")
            if there:
                wishes.want(stage, name, value)


class Reconstruction:
    """Masks of single samples, as the old code drew them."""

    def forward(self, view: View, draft: Draft) -> None:
        """Shares as written, or the old defaults."""
        if mode_of(draft.body, view.stage) != "reconstruction":
            return
        for key, names, default in (("ratio", RATIO, LEGACY_RATIO), ("forecast", FORECAST, LEGACY_FORECAST)):
            leaf = view.find(*names)
            value = None if leaf is None else decoded(leaf, SHARE, draft)
            draft.set(f"stage_1.mask.{key}", default if value is None else value, None if value is None else leaf)
        draft.set("stage_1.mask.block", 1)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Both shares."""
        if stage != "stage_1" or mode_of(body, stage) != "reconstruction":
            return
        for key, names in (("ratio", RATIO), ("forecast", FORECAST)):
            there, value = get(body, f"stage_1.mask.{key}")
            if there:
                wishes.want(stage, names, value)


class ReconstructionLoss:
    """The error that a reconstruction minimises."""

    names: Names = ("stage.loss_type", "task.loss_type", "task.pretraining.loss", "task.loss")
    codec = Choice({"mse": ("mse",), "mae": ("mae", "l1"), "relative_l2": ("rel_l2",)})

    def forward(self, view: View, draft: Draft) -> None:
        """Where the stage reconstructs."""
        leaf = view.find(*self.names) if mode_of(draft.body, view.stage) == "reconstruction" else None
        value = None if leaf is None else decoded(leaf, self.codec, draft)
        if leaf is not None and value is not None:
            draft.set("stage_1.loss", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Ask for it."""
        there, value = get(body, "stage_1.loss")
        if there and stage == "stage_1" and isinstance(value, str):
            wishes.want(stage, self.names, self.codec.encode(value))


class Plugin:
    """Parameters of the built-in plugins."""

    keys = (
        ("alpha_prediction", ("task.alpha_prediction",), Number(least=0.0)),
        ("mask_ratio", RATIO[1:], SHARE),  # the stage's own name means a reconstruction
        ("forecast_part", FORECAST, SHARE),
    )

    def forward(self, view: View, draft: Draft) -> None:
        """Those of the restoration beside a classification; recordings without a label were always left out."""
        target = get(draft.body, "stage_1.target")[1]
        if view.stage != "stage_1" or target is None:
            return
        if target == "flow":
            _flow_contrast(view, draft)
        else:
            draft.set("stage_1.unlabelled", "exclude")
        if target != "classification_prediction":
            return
        for key, names, codec in self.keys:
            leaf = view.find(*names)
            value = None if leaf is None else decoded(leaf, codec, draft)
            if leaf is not None and value is not None:
                draft.set(f"stage_1.params.{key}", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Key by key."""
        for key, names, _ in self.keys:
            there, value = get(body, f"stage_1.params.{key}")
            if there and stage == "stage_1":
                wishes.want(stage, names, value)
        there, contrast = get(body, "stage_1.params.contrast")
        if there and stage == "stage_1":
            wishes.want(stage, FLOW_SWITCH, contrast is not None)
            for key, names, _ in FLOW_CONTRAST:
                written, value = get(contrast or {}, key)
                if written:
                    wishes.want(stage, names, value)


def _flow_contrast(view: View, draft: Draft) -> None:
    """The contrast beside a flow, where it is switched on; its options mean nothing without it."""
    switch = view.find(FLOW_SWITCH)
    switched = None if switch is None else decoded(switch, Flag(), draft)
    if switched is None:
        return
    draft.set("stage_1.params.contrast", {} if switched else None, switch)
    for key, names, codec in FLOW_CONTRAST if switched else ():
        leaf = view.find(*names)
        value = None if leaf is None else decoded(leaf, codec, draft)
        if leaf is not None and value is not None:
            draft.set(f"stage_1.params.contrast.{key}", value, leaf)


class Projection:
    """Whether there is a projection, and its size."""

    def forward(self, view: View, draft: Draft) -> None:
        """Where the stage compares projections."""
        if mode_of(draft.body, view.stage) not in {"contrastive", "unified_metric"}:
            return
        switch, leaf = view.find(PROJECTS), view.find(*PROJECTION)
        switched = None if switch is None else decoded(switch, Flag(), draft)
        if switched is not None:
            draft.set("stage_1.projection", {} if switched else None, switch)
        value = None if leaf is None or switched is False else decoded(leaf, Whole(1), draft)
        if leaf is not None and value is not None:
            draft.set("stage_1.projection.dim", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Without a projection the switch says so; with one it does where it is written."""
        there, section = get(body, "stage_1.projection")
        if not there or stage != "stage_1":
            return
        if section is None or wishes.spelled(stage, PROJECTS):
            wishes.want(stage, PROJECTS, section is not None)
        if section is not None and "dim" in section:
            wishes.want(stage, PROJECTION, section["dim"])


_OPTIONS = {
    "nt_xent": (("temperature", "task.temperature"),),
    "supcon": (("temperature", "task.temperature"),),
    "triplet": (("margin", "task.margin"),),
    "barlow_twins": (("lambda_", "task.barlow_lambda"),),
}


def _loss_options(view: View, draft: Draft, target: str, kind: str) -> None:
    for new, name in _OPTIONS.get(kind, ()):
        leaf = view.find(name)
        value = None if leaf is None else decoded(leaf, Number(above=0.0), draft)
        if leaf is not None and value is not None:
            draft.set(f"{target}.{new}", value, leaf)


def _ask_loss(body: Body, target: str, wishes: Wishes, kinds: Choice) -> None:
    there, kind = get(body, f"{target}.kind")
    if not there:
        return
    wishes.want("stage_1", LOSS, kinds.encode(kind))
    for new, name in _OPTIONS.get(kind, ()):
        written, value = get(body, f"{target}.{new}")
        if written:
            wishes.want("stage_1", name, value)


STAGE: tuple[Rule, ...] = (
    Systems(),
    Contrastive(),
    UnifiedMetric(),
    Reconstruction(),
    ReconstructionLoss(),
    Plugin(),
    Projection(),
)
