"""The encoder that both stages share, and the classification head of a stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.forward import Draft, NotHere, View
from twostage.legacy.core.leaves import same
from twostage.legacy.core.mounts import Leaf, Stage
from twostage.legacy.core.rule import Body, Rule, decoded, differs, get
from twostage.legacy.rules.model_tables import (
    BACKBONE_NAMES,
    BACKBONES,
    EMBEDDING_NAMES,
    EMBEDDINGS,
    HEAD_NAMES,
    Option,
)
from twostage.legacy.rules.networks import (
    BACKBONE,
    NAME,
    NETWORKS,
    TYPE,
    agree_on_network,
    ask_network,
    network_of,
    read_network,
)

EMBEDDING = "model.embedding"
COMPARED = ("stage.backbones_to_compare", "stage.backbone_comparison")
USE_PROMPT = "model.use_prompt"
# The families of the old project that are an embedding, a backbone and a head.
FAMILIES = ("M_01_ISFM", "M_02_ISFM", "M_02_ISFM_Prompt", "M_02_ISFM_Prompt_Simplified", "ISFM")
PLAIN, PROMPTED = ("M_01_ISFM", "ISFM"), ("M_02_ISFM_Prompt", "ISFM_Prompt")  # name and type that go back
NOT_BUILT = {
    "E_02_HSE_v2": ", because it had a layer for each data set with as many inputs as the metadata had channels, and "
    "no released version could build it"
}
PROMPT_KINDS = ("hse_prompt", "hse_v2")  # embeddings that can do without their prompt


def _kinds(*parts: str) -> tuple[str, ...]:
    """The new keys that name parts of the encoder."""
    return tuple(f"model.{part}.kind" for part in parts)


class Encoder:
    """Embedding and backbone, with the options that the chosen kinds have."""

    def forward(self, view: View, draft: Draft) -> None:
        """Of a stage of its own only what agrees: weights can pass on to an equal encoder alone."""
        first = self._first(view)
        others = [view.only(scope) for scope in view.scopes if scope not in first.scopes]
        whole = network_of(first)
        if whole is not None:
            read_network(first, whole, draft)
            for other in others:
                agree_on_network(other, whole, draft)
            return
        if not self._known(first, draft):
            return
        self._part(first, draft, "embedding", EMBEDDING, default="hse")
        if not view.all(*COMPARED):
            self._part(first, draft, "backbone", BACKBONE, default=None)
        for key in (NAME, TYPE):
            draft.use("model", first.find(key)) if draft.written("model") else None
        for other in others:
            self._agree(other, draft)

    @staticmethod
    def _first(view: View) -> View:
        """Where the encoder is named: in what the stages share, or in the first stage where all is said by stages."""
        common, *stages = view.scopes
        named = next((scope for scope in view.scopes if view.only(scope).all(NAME, EMBEDDING, BACKBONE)), common)
        return View(view.source, (named, common)) if named in stages else view.only(common)

    def _known(self, view: View, draft: Draft) -> bool:
        """Whether the model is one of the families that can be told in parts."""
        leaf = view.find(NAME)
        if leaf is None:
            self._empty(view, draft)
            return view.find(EMBEDDING, BACKBONE) is not None
        if leaf.value in FAMILIES or view.find(BACKBONE) is not None:
            return True
        text = f"there is no model {leaf.value!r} here; write model.embedding and model.backbone instead"
        draft.refuse(leaf, text, write=_kinds("embedding", "backbone"))
        return False

    @staticmethod
    def _empty(view: View, draft: Draft) -> None:
        """A section that is there and no mapping: a run must not fall back on a model of ours in silence."""
        leaf = view.find("model")
        if leaf is not None and view.source.layout.stages:
            text = "the section names no model; write model.embedding and model.backbone"
            draft.refuse(leaf, text, write=_kinds("embedding", "backbone"))

    @staticmethod
    def _part(view: View, draft: Draft, part: str, key: str, default: str | None) -> None:
        names, tables = (EMBEDDING_NAMES, EMBEDDINGS) if part == "embedding" else (BACKBONE_NAMES, BACKBONES)
        leaf = view.find(key)
        kind = default
        if leaf is not None:
            try:
                kind = names.decode(leaf.value)
            except NotHere:
                why = NOT_BUILT.get(str(leaf.value), "")
                text = f"there is no {part} {leaf.value!r} here{why}; choose another model.{part}.kind"
                draft.refuse(leaf, text, write=_kinds(part))
                return
        if kind is None:
            return
        draft.set(f"model.{part}.kind", kind, leaf)
        prompt = view.find(USE_PROMPT)
        bare = part == "embedding" and prompt is not None and prompt.value is False
        if bare and kind in PROMPT_KINDS:
            draft.set("model.embedding.prompt", None, prompt)
        elif part == "embedding" and prompt is not None and prompt.value is True and kind in PROMPT_KINDS:
            draft.use("model.embedding.kind", prompt)
        for new, value, option in options(view, draft, tables[kind]):
            if not (bare and new.startswith("prompt.")):
                draft.set(f"model.{part}.{new}", value, option)
        if part == "backbone":
            for name, features in floor_of_heads(draft, get(draft.body, "model.backbone")[1]).items():
                draft.set(f"model.backbone.{name}", features)

    @staticmethod
    def _agree(view: View, draft: Draft) -> None:
        """What another scope says of the encoder must be what has been written."""
        for key, names in ((EMBEDDING, EMBEDDING_NAMES), (BACKBONE, BACKBONE_NAMES)):
            part = key.split(".")[1]
            leaf, kind = view.find(key), get(draft.body, f"model.{part}.kind")[1]
            if leaf is not None and kind is not None:
                if same(decoded(leaf, names, draft), kind):
                    draft.use(f"model.{part}.kind", leaf)
                else:
                    differs(draft, leaf, f"model.{part}.kind", "refuse")
            for new, table_names, codec in (EMBEDDINGS if part == "embedding" else BACKBONES).get(str(kind), ()):
                option = view.find(*table_names)
                there, value = get(draft.body, f"model.{part}.{new}")
                if option is None:
                    continue
                if there and same(decoded(option, codec, draft), value):
                    draft.use(f"model.{part}.{new}", option)
                else:
                    differs(draft, option, f"model.{part}.{new}", "refuse")
        for key in (NAME, TYPE):
            draft.use("model", view.find(key)) if draft.written("model") else None

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Family, kinds and options."""
        there, model = get(body, "model")
        if not there:
            return
        if get(model, "network.kind")[1] in NETWORKS:
            ask_network(model["network"], stage, wishes)
            return
        kind = get(model, "embedding.kind")[1]
        family, of_type = PROMPTED if kind in PROMPT_KINDS else PLAIN
        wishes.want(stage, NAME, family)
        wishes.want(stage, TYPE, of_type)
        for part, key, names, tables in (
            ("embedding", EMBEDDING, EMBEDDING_NAMES, EMBEDDINGS),
            ("backbone", BACKBONE, BACKBONE_NAMES, BACKBONES),
        ):
            section = model.get(part)
            if section is None or section.get("kind") not in tables:
                continue
            wishes.want(stage, key, names.encode(section["kind"]))
            if part == "embedding" and "prompt" in section and section["prompt"] is None:
                wishes.want(stage, USE_PROMPT, value=False)
            elif part == "embedding" and section["kind"] in PROMPT_KINDS and wishes.spelled(stage, USE_PROMPT):
                wishes.want(stage, USE_PROMPT, value=True)
            ask(section, stage, wishes, tables[section["kind"]])


class Compared:
    """Backbones to compare: one pretraining for each. Options come from the one model section that they share."""

    def forward(self, view: View, draft: Draft) -> None:
        """A list of names."""
        leaf = view.find(*COMPARED) if view.stage == "stage_1" else None
        if leaf is None or not isinstance(leaf.value, list):
            return
        entries: list[dict[str, Any]] = []
        used: list[Leaf] = [leaf]
        for name in leaf.value:
            try:
                kind = BACKBONE_NAMES.decode(name)
            except NotHere as reason:
                draft.refuse(leaf, str(reason))
                continue
            entry: dict[str, Any] = {"kind": kind}
            for new, value, option in options(view, draft, BACKBONES[kind]):
                entry[new] = value
                used.append(option)
            entries.append(entry | floor_of_heads(draft, entry))
        if entries:
            draft.set("stage_1.backbones", entries, *used)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """Names, and the options of each."""
        there, entries = get(body, "stage_1.backbones")
        if not there or stage != "stage_1" or entries is None:
            return
        wishes.want(stage, COMPARED, [BACKBONE_NAMES.encode(entry["kind"]) for entry in entries])
        for entry in entries:
            ask(entry, stage, wishes, BACKBONES[entry["kind"]], shared=True)


class Head:
    """The classification head; of a head with many parts its classification part."""

    def forward(self, view: View, draft: Draft) -> None:
        """Where the stage has a classification head."""
        target = head_key(draft.body, view.stage)
        if target is None:
            return
        own, part = view.find("model.task_head"), view.find("model.classification_head")
        leaf = part if part is not None and (own is None or own.value == "H_09_multiple_task") else own
        if leaf is None:
            return
        value = decoded(leaf, HEAD_NAMES, draft)
        if value is not None:
            draft.set(f"{target}.kind", value, leaf)

    def backward(self, body: Body, stage: Stage | None, wishes: Wishes) -> None:
        """The head by its name."""
        target = head_key(body, stage)
        there, kind = get(body, f"{target}.kind")
        if target and there:
            key = wishes.spelled(stage, "model.classification_head") or "model.task_head"
            wishes.want(stage, key, HEAD_NAMES.encode(kind))


def head_key(body: Body, stage: Stage | None) -> str | None:
    """Where a stage keeps its classification head."""
    mode = get(body, f"{stage}.pretrain_mode")[1] or get(body, f"{stage}.adapt_mode")[1]
    if mode == "custom":
        target = get(body, f"{stage}.target")[1]
        return f"{stage}.params.head" if target in {"supervised", "classification_prediction"} else None
    if mode == "contrastive":
        return f"{stage}.classification.head" if get(body, f"{stage}.classification")[1] else None
    if mode == "multitask":
        task = get(body, f"{stage}.tasks.classification")[1]
        return None if task is None else f"{stage}.tasks.classification.head"
    return f"{stage}.head" if mode in {"finetune", "unified_metric"} else None


def floor_of_heads(draft: Draft, backbone: Mapping[str, Any]) -> dict[str, int]:
    """Heads of a PatchTST that cannot share the features evenly: each had the whole part of its share."""
    dim, heads = get(draft.body, "model.embedding.dim")[1], backbone.get("heads")
    uneven = backbone["kind"] == "patchtst" and dim and heads and dim % heads and dim > heads
    return {"head_features": dim // heads} if uneven else {}


def options(view: View, draft: Draft, table: tuple[Option, ...]) -> list[tuple[str, Any, Leaf]]:
    """Key, value and leaf of each option that is written and makes sense."""
    found: list[tuple[str, Any, Leaf]] = []
    for new, names, codec in table:
        leaf = view.find(*names)
        value = None if leaf is None else decoded(leaf, codec, draft)
        if leaf is not None and value is not None:
            found.append((new, value, leaf))
    return found


def ask(section: Body, stage: Stage | None, wishes: Wishes, table: tuple[Option, ...], *, shared: bool = False) -> None:
    """Ask for the options of a section."""
    scopes = wishes.layout.scopes()[:1] if shared else None
    for new, names, codec in table:
        there, value = get(section, new)
        if there:
            wishes.want(stage, names, codec.encode(value), scopes=scopes)


DOCUMENT: tuple[Rule, ...] = (Encoder(),)
STAGE: tuple[Rule, ...] = (Compared(), Head())
