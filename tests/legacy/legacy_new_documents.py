"""Hypothesis strategies for new documents that a shape of the old project has words for.

Options of models, optimisers, schedules, tasks and episodes come from the converter's tables, their values from the
codecs there; what a converted document always says is written here by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from twostage.legacy.core.codecs import Choice, Codec, Flag, Ids, Number, Text, Whole
from twostage.legacy.core.leaves import put
from twostage.legacy.identity import METHODS
from twostage.legacy.rules import (
    comparing,
    data,
    episodes,
    multitask,
    networks,
    optimization,
    pretraining,
    scheduler,
    selection,
    trainer,
)
from twostage.legacy.rules.model_tables import BACKBONES, EMBEDDINGS, HEAD_NAMES

Body = dict[str, Any]
Table = Iterable[tuple[str, Any, Codec]]

PRETRAIN_MODES = ("contrastive", "reconstruction", "unified_metric", "custom")
ADAPT_MODES = ("finetune", "fewshot", "multitask")
# Pipeline 04 pretrained with metrics by class, or with masks.
OF_04 = ("reconstruction", "unified_metric")
WORDS_OF_SHAPE = {"single": "01", "pair": "02", "p03": "03", "p04": "04", "stages": "stages"}


def codec_values(codec: Codec) -> st.SearchStrategy[Any]:
    """New values that a codec can make."""
    if isinstance(codec, Number):
        low = codec.least if codec.least is not None else codec.above if codec.above is not None else -4.0
        high = 8.0 if codec.below is None else codec.below
        middle = [low + (high - low) * share for share in (0.125, 0.3, 0.5, 0.9)]
        return st.sampled_from([*middle, *([low] if codec.least is not None else [])])
    if isinstance(codec, Whole):
        return st.integers(codec.least, codec.least + 200)
    if isinstance(codec, Choice):
        return st.sampled_from(list(codec.spellings))
    kinds: dict[type, st.SearchStrategy[Any]] = {
        Flag: st.booleans(),
        Text: st.sampled_from(("a", "结果", "/data/x.csv", "5e-4", "true")),
        Ids: st.lists(st.integers(0, 40), min_size=1, max_size=3, unique=True),
        multitask.Pair: st.sampled_from(([1.0, 2.0], [0.5, 10.0])),
        trainer.Devices: st.sampled_from((1, 2)),
        networks.Even: st.sampled_from((4, 64)),
        networks.FourLayers: st.sampled_from(([2, 2, 2, 2], [1, 1, 1, 3])),
    }
    if isinstance(codec, networks.Words):
        return st.lists(st.sampled_from(list(codec.names.spellings)), min_size=1, unique=True)
    return kinds[type(codec)]


@st.composite
def some(draw: st.DrawFn, table: Table) -> Body:
    """Some of the options of a table, which may lie in sections of their own (``prompt.dim``)."""
    rows = list(table)
    chosen = draw(st.lists(st.sampled_from(rows), max_size=4, unique_by=lambda row: row[0])) if rows else []
    made: Body = {}
    for key, _, codec in sorted(chosen, key=rows.index):
        put(made, tuple(key.split(".")), draw(codec_values(codec)))
    return made


def _maybe(draw: st.DrawFn, body: Body, key: str, values: st.SearchStrategy[Any]) -> None:
    if draw(st.booleans()):
        put(body, tuple(key.split(".")), draw(values))


def _document(draw: st.DrawFn, *, compared: bool) -> Body:
    """What both stages share."""
    source: Body = {"kind": "phm_vibench", "root": draw(codec_values(Text()))}
    body: Body = {"data": {"source": source, "band": {"kind": "as_recorded"}}}
    _maybe(draw, body, "name", codec_values(Text()))
    _maybe(draw, body, "output.root", codec_values(Text()))
    _maybe(draw, body, "seeds", st.sampled_from(([0], [42, 43, 44], [3, 1, 2], [7, 9])))
    _maybe(draw, body, "data.source.metadata", codec_values(Text()))
    _maybe(draw, body, "data.normalize", codec_values(data.NORMALIZATIONS))
    _maybe(draw, body, "data.batch_size", st.integers(1, 512))
    _maybe(draw, body, "data.workers", st.integers(0, 8))
    _maybe(draw, body, "data.window", windows())
    _maybe(draw, body, "trainer", some((rule.new.split(".")[1], (), rule.codec) for rule in trainer.DOCUMENT))
    if body.get("trainer") == {}:
        del body["trainer"]
    if not compared and draw(st.integers(0, 4)) == 0:
        kind = draw(st.sampled_from(sorted(networks.NETWORKS)))
        body["model"] = {"network": {"kind": kind, **draw(some(networks.NETWORKS[kind]))}}
        if kind == "tspn":
            _maybe(
                draw, body, "model.network.layers", st.lists(codec_values(networks.TRANSFORMS), min_size=1, max_size=3)
            )
            _maybe(draw, body, "model.network.width", st.sampled_from((12, 24)))
    elif draw(st.booleans()):
        kind = draw(st.sampled_from(sorted(EMBEDDINGS)))
        embedding = {"kind": kind, **draw(some(EMBEDDINGS[kind]))}
        if kind in {"hse_prompt", "hse_v2"} and draw(st.integers(0, 3)) == 0:
            embedding["prompt"] = None
        body["model"] = {"embedding": embedding}
        if not compared:
            backbone = draw(st.sampled_from(sorted(BACKBONES)))
            body["model"]["backbone"] = {"kind": backbone, **draw(some(BACKBONES[backbone]))}
            for word, other in SHARED_WORDS.get((kind, backbone), {}).items():
                embedding.pop(word, None)
                body["model"]["backbone"].pop(other, None)
            _share_features(embedding, body["model"]["backbone"])
    return body


def _share_features(embedding: Body, backbone: Body) -> None:
    """Heads that cannot share the features evenly need to be told how many each has."""
    dim, heads = embedding.get("dim"), backbone.get("heads")
    if backbone["kind"] == "patchtst" and dim and heads and dim % heads and dim > heads:
        backbone["head_features"] = dim // heads


@st.composite
def windows(draw: st.DrawFn, *, whole: bool = False) -> Body:
    """A window section; a stride belongs to sequential windows alone. A whole one says everything."""
    placement = draw(st.sampled_from(("evenly_spaced", "sequential", "random")))
    window: Body = {"placement": placement}
    for key, least in (("length", 8), ("per_recording", 1), *((("stride", 1),) if placement == "sequential" else ())):
        if whole or draw(st.booleans()):
            window[key] = draw(st.integers(least, least + 4096))
    return window


def _training(draw: st.DrawFn, stage: Body, *, classifies: bool, own_batches: bool) -> None:
    """How a stage trains."""
    stage["epochs"] = draw(st.integers(1, 200))
    if draw(st.booleans()):
        kind = draw(st.sampled_from(list(optimization.OPTIMIZERS.spellings)))
        stage["optimizer"] = {"kind": kind, "lr": draw(st.sampled_from((1e-3, 5e-4, 0.1)))}
        _maybe(draw, stage, "optimizer.weight_decay", st.sampled_from((0.0, 1e-4)))
        if kind == "sgd":
            _maybe(draw, stage, "optimizer.momentum", st.sampled_from((0.0, 0.9)))
    _maybe(draw, stage, "scheduler", schedules(stage["epochs"]))
    names = ("validation/loss", *(("validation/accuracy", "validation/macro_f1") if classifies else ()))
    _maybe(draw, stage, "checkpoint.monitor", st.sampled_from(names))
    _maybe(draw, stage, "checkpoint.keep", st.integers(1, 5))
    _maybe(draw, stage, "checkpoint.last", st.booleans())
    for key in ("l1", "l2"):
        _maybe(draw, stage, f"regularization.{key}", PENALTIES)
    _maybe(draw, stage, "validate_every", st.sampled_from((0.25, 1.0, float(stage["epochs"]))))
    _maybe(draw, stage, "early_stopping", st.one_of(st.none(), some(selection.EarlyStopping._parts())))
    if own_batches:
        _maybe(draw, stage, "batch_size", st.integers(1, 64))
        _maybe(draw, stage, "window", windows(whole=True))


# Old documents had one name for what an embedding and a backbone each have here.
SHARED_WORDS = {("patch", "fno"): {"hidden": "width"}, ("patch", "patchtst"): {"activation": "activation"}}
PENALTIES = st.sampled_from((0.0, 1e-5))


@st.composite
def schedules(draw: st.DrawFn, epochs: int) -> Body:
    """A schedule whose warm-up ends and whose floor lies below the learning rate."""
    kind = draw(st.sampled_from(sorted(scheduler.OPTIONS)))
    options = draw(some(scheduler.OPTIONS[kind]))
    if "warmup_epochs" in options:
        options["warmup_epochs"] = min(options["warmup_epochs"], float(epochs))
    if "minimum" in options:
        options["minimum"] = 1e-6
    return {"kind": kind, **options}


@st.composite
def splits(draw: st.DrawFn, *, tests: bool) -> Body:
    """Shares of recordings that make a whole."""
    shares = draw(st.sampled_from((None, (0.8, 0.1, 0.1), (0.7, 0.2, 0.1), *(() if tests else ((0.8, 0.2, 0.0),)))))
    return {"unit": "recording", **dict(zip(("train", "validation", "test"), shares or (), strict=False))}


def _stage_1(draw: st.DrawFn, mode: str, *, compares: bool) -> Body:
    stage: Body = {"pretrain_mode": mode}
    if mode == "contrastive":
        _contrastive(draw, stage)
    elif mode == "unified_metric":
        kind = draw(st.sampled_from(sorted(pretraining.SUPERVISED.spellings)))
        stage |= {"metric": {"kind": kind}, "unlabelled": "exclude"}
        stage |= {"metric_weight": draw(st.sampled_from((0.0, 0.5)))}
        stage |= {"classification_weight": draw(st.sampled_from((0.5, 1.0)))}
        _maybe(draw, stage, "head.kind", codec_values(HEAD_NAMES))
        _beside(draw, stage, stage["metric"])
        if draw(st.booleans()):
            stage["positives"] = "class_across_systems"
            stage.setdefault("head", {"kind": "linear"})["share"] = "shared"
    elif mode == "reconstruction":
        stage["mask"] = {"ratio": draw(st.sampled_from((0.0, 0.4))), "forecast": 0.25, "block": 1}
        _maybe(draw, stage, "loss", codec_values(pretraining.ReconstructionLoss.codec))
    else:
        stage["target"] = draw(st.sampled_from(("flow", "supervised", "classification_prediction")))
        if stage["target"] != "flow":
            stage["unlabelled"] = "exclude"
            _maybe(draw, stage, "params.head.kind", codec_values(HEAD_NAMES))
        if stage["target"] == "classification_prediction":
            for key, _, codec in pretraining.Plugin.keys:
                _maybe(draw, stage, f"params.{key}", codec_values(codec))
    if mode in {"contrastive", "unified_metric"}:
        _maybe(draw, stage, "projection.dim", st.integers(1, 256))
        _maybe(draw, stage, "sampler.kind", st.sampled_from(("balanced", "shuffled")))
    _maybe(draw, stage, "systems", codec_values(Ids()))
    if compares:
        kinds = draw(st.lists(st.sampled_from(sorted({*BACKBONES} - {"fno"})), min_size=1, max_size=3, unique=True))
        stage["backbones"] = [{"kind": kind} for kind in kinds]
    return stage


def _contrastive(draw: st.DrawFn, stage: Body) -> None:
    kind = draw(st.sampled_from(sorted(pretraining.SELF_SUPERVISED.spellings)))
    by_class = kind in pretraining.BY_CLASS
    classes = ("class", "class_across_systems")
    stage["pairing"] = draw(st.sampled_from(classes)) if by_class else draw(st.sampled_from(("views", "recording")))
    stage["loss"] = {"kind": kind}
    if by_class:
        stage["unlabelled"] = "exclude"
    for new, _ in pretraining._OPTIONS.get(kind, ()):
        _maybe(draw, stage, f"loss.{new}", st.sampled_from((0.05, 0.2, 2.0)))
    _beside(draw, stage, stage["loss"])
    _maybe(draw, stage, "contrast_weight", st.sampled_from((0.5, 2.0)))
    _maybe(draw, stage, "classification", st.sampled_from((None, {"weight": 0.1})))
    if stage.get("classification"):
        stage["unlabelled"] = "exclude"


def _beside(draw: st.DrawFn, stage: Body, loss: Body) -> None:
    """A momentum encoder and hard negatives, where the loss can have them."""
    if loss["kind"] not in comparing.CONTRASTS or stage.get("metric_weight") == 0.0:
        return
    momentum = ({"momentum": 0.99, "queue": 0}, {"momentum": 0.5, "queue": 64}, None)
    _maybe(draw, stage, "momentum_encoder", st.sampled_from(momentum))
    _maybe(draw, loss, "hardness", st.sampled_from((0.0, 1.0)))


def _stage_2(draw: st.DrawFn, mode: str, shape: str) -> Body:
    stage: Body = {"adapt_mode": mode, "control": "none", "targets": _targets(draw, mode, shape)}
    if mode == "multitask":
        stage |= {"unlabelled": "mask", "missing": "skip", "tasks": _tasks(draw, stage["targets"])}
    else:
        stage["unlabelled"] = "exclude"
    if mode == "fewshot":
        stage["support_unit"] = "window"
        stage["method"] = {"kind": draw(st.sampled_from(sorted(set(METHODS.values()))))}
        if stage["method"]["kind"] == "matching":
            _maybe(draw, stage, "method.distance", codec_values(episodes.METRICS))
        trained = stage["method"]["kind"] in {"prototypical", "matching"}
        # The hierarchical tasks, which alone draw systems and domains, knew no method without training.
        barred = {"episodes_per_epoch", "systems_per_episode", "domains_per_episode"}
        stage |= draw(some(row for row in episodes.KEYS if trained or row[0] not in barred))
        named = min((len(target["systems"]) for target in stage["targets"] if "systems" in target), default=1)
        if stage.get("systems_per_episode", 0) > named:
            del stage["systems_per_episode"]
        _maybe(draw, stage, "shots", st.integers(1, 10).map(lambda count: [count]))
    else:
        for part in ("embedding", "backbone"):
            _maybe(draw, stage, f"freeze.{part}", st.booleans())
        if not stage.get("freeze", {}).get("backbone"):
            _maybe(draw, stage, "lr_multipliers.backbone", st.sampled_from((0.1, 1.0)))
    if mode == "finetune":
        _maybe(draw, stage, "label_smoothing", st.sampled_from((0.0, 0.1)))
        _maybe(draw, stage, "head.kind", codec_values(HEAD_NAMES))
    return stage


def _targets(draw: st.DrawFn, mode: str, shape: str) -> list[Body]:
    ids = draw(st.lists(st.integers(0, 40), min_size=1, max_size=3, unique=True))
    if shape == "p04":
        return [{"system": each} for each in ids]
    if shape == "p03" and mode == "multitask":
        single = [{"system": each, "tasks": [task]} for each in ids for task in multitask.TASKS[:2]]
        together = [{"system": each + 50} for each in ids[:1]]
        return draw(st.sampled_from((single, together, [*single, *together])))
    if draw(st.integers(0, 4)) == 0:
        return [{"systems": "all"}]
    return [{"system": ids[0]} if len(ids) == 1 else {"systems": ids}]


def _tasks(draw: st.DrawFn, targets: list[Body]) -> Body:
    single = any("tasks" in target for target in targets)
    whole = any("tasks" not in target for target in targets)
    more = draw(st.lists(st.sampled_from(multitask.TASKS), min_size=1, max_size=3, unique=True)) if whole else []
    chosen = [task for task in multitask.TASKS if task in more or (single and task in multitask.TASKS[:2])]
    tasks: Body = {}
    for task in chosen:
        tasks[task] = draw(some((("weight", (), Number(above=0.0)), *multitask.OPTIONS[task])))
        if tasks[task].get("normalize_targets") is False:
            tasks[task].pop("max_rul", None)
    if "classification" in tasks:
        _maybe(draw, tasks, "classification.head.kind", codec_values(HEAD_NAMES))
    return tasks


def _trains(stage: Body) -> bool:
    return stage["adapt_mode"] != "fewshot" or stage["method"]["kind"] in {"prototypical", "matching"}


@st.composite
def expressible(draw: st.DrawFn, shape: str) -> Body:
    """A document of which every word has an old one in a shape."""
    both = shape != "single"
    first = both or draw(st.booleans())
    compares = shape in {"p03", "p04"} and draw(st.booleans())
    body = _document(draw, compared=compares)
    if first:
        stage_1 = _stage_1(draw, draw(st.sampled_from(OF_04 if shape == "p04" else PRETRAIN_MODES)), compares=compares)
        classifies = stage_1["pretrain_mode"] == "unified_metric" and stage_1["classification_weight"] != 0.0
        _training(draw, stage_1, classifies=classifies, own_batches=shape not in {"single", "pair"})
        stage_1["split"] = draw(splits(tests=False))
        body["stage_1"] = stage_1
    if both or not first:
        stage_2 = _stage_2(draw, draw(st.sampled_from(ADAPT_MODES)), shape)
        if _trains(stage_2):
            classifies = stage_2["adapt_mode"] in {"finetune", "fewshot"}
            own = shape != "single" and stage_2["adapt_mode"] != "fewshot"
            _training(draw, stage_2, classifies=classifies, own_batches=own)
            if shape == "pair" and stage_2.get("batch_size") == body["data"].setdefault("batch_size", 512):
                del stage_2["batch_size"]  # two files that say the same are one value of the document
        stage_2["split"] = draw(splits(tests=True))
        if stage_2["adapt_mode"] == "finetune" and draw(st.integers(0, 2)) == 0 and shape != "p03":
            stage_2["split"] = draw(st.sampled_from(DOMAIN_SPLITS))
        body["stage_2"] = stage_2
    _of_shape(draw, body, shape)
    return body


def _of_shape(draw: st.DrawFn, body: Body, shape: str) -> None:
    """What a single shape has words for."""
    _maybe(draw, body, "loggers", st.sampled_from(LOGGERS))
    second = body.get("stage_2", {})
    if shape == "single" and second:
        _maybe(draw, second, "init.checkpoint", codec_values(Text()))
    if shape == "pair":
        _maybe(draw, second, "repeats", st.integers(1, 9))
    prompted = body.get("model", {}).get("embedding", {}).get("kind") in {"hse_prompt", "hse_v2"}
    if prompted and second.get("adapt_mode") == "finetune":
        _maybe(draw, second, "freeze.prompt", st.booleans())
    if shape == "p03":
        _maybe(draw, body["stage_1"], "zero_shot", st.sampled_from(({}, None)))
        _maybe(draw, body, "variants", st.sampled_from(([{"name": "as-it-is", "set": {}}], VARIANTS)))


LOGGERS = tuple(
    [{"kind": "csv"}, {"kind": "tensorboard"}, *({"missing": "tell", **each} for each in trackers)]
    for trackers in (
        [{"kind": "wandb", "mode": "online"}],
        [{"kind": "wandb", "mode": "offline"}, {"kind": "swanlab", "mode": "online"}],
    )
)
VARIANTS = [{"name": "many", "set": {"data.workers": 9}}, {"name": "more", "set": {"data.batch_size": 600}}]


DOMAIN_SPLITS = (
    {"unit": "domain", "last": 2},
    {"unit": "domain", "test_domains": [3], "train_domains": [0, 1], "validation": 0.25},
    {"unit": "domain", "test_domains": [2, 5]},
)
