"""Documents that say every word that an old one can say, each kind with all of its options.

Nothing is drawn here: the tripwire counts on each word.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from legacy_new_documents import DOMAIN_SPLITS, VARIANTS, Body, Table

from twostage.legacy.core.codecs import Choice, Codec, Flag, Ids, Number, Text, Whole
from twostage.legacy.core.leaves import put
from twostage.legacy.identity import METHODS
from twostage.legacy.rules import (
    across,
    comparing,
    episodes,
    multitask,
    networks,
    optimization,
    pretraining,
    scheduler,
    selection,
    trainer,
)
from twostage.legacy.rules.model_tables import BACKBONES, EMBEDDINGS

LOGGERS = [
    {"kind": "csv"},
    {"kind": "tensorboard"},
    *({"kind": kind, "mode": "online", "missing": "tell"} for kind in ("wandb", "swanlab")),
]


def every_word() -> list[tuple[str, Body]]:
    """Documents that say everything which an old one can: each kind with all of its options, in a shape that has it."""
    found: list[tuple[str, Body]] = [("stages", body) for body in (*_models(), *_trainings(), *_first_stages())]
    found += [("stages", body) for body in _second_stages()]
    found += [("single", body) for body in _networks()]
    compared = [{"kind": kind, **full(BACKBONES[kind])} for kind in ("dlinear", "timesnet")]
    found += [("p03", {**plain(stage_1={"zero_shot": zero}), "variants": deepcopy(VARIANTS)}) for zero in ({}, None)]
    found += [("p03", plain(stage_2={"start": "from_scratch"}))]
    p03 = plain(stage_1={"backbones": compared})
    found += [("p03", {**p03, "model": {"embedding": {"kind": "hse"}}})]
    found += [("p03", {**p03, "stage_2": {**p03["stage_2"], "start": "from_scratch"}})]
    alone = {"targets": [{"system": 3, "tasks": [task]} for task in multitask.TASKS[:2]]}
    two = _several({task: {} for task in multitask.TASKS[:2]})
    found += [("p03", {**plain(), "stage_2": {**p03["stage_2"], **two, **alone}})]
    waiting = {"embedding": 1, "backbone": 2, "schedule": "linear"}
    found += [
        ("p03", plain(stage_2={"unfreeze": waiting})),
        ("p03", plain(stage_2={"start": "from_scratch"})),
        *(("p03", plain(stage_1={"scheduler": {"kind": kind}})) for kind in ("constant", "cosine")),
        ("pair", plain(stage_2={"repeats": 3})),
        ("stages", {**plain(), "loggers": LOGGERS}),
        ("single", plain(stage_1=None, stage_2={"init": {"checkpoint": "x"}})),
    ]
    return found


def full(table: Table) -> Body:
    """All options of a table."""
    made: Body = {}
    for key, _, codec in table:
        put(made, tuple(key.split(".")), _one(codec))
    return made


def _one(codec: Codec) -> Any:
    if isinstance(codec, Whole):
        return codec.least + 7
    if isinstance(codec, Number):
        return 0.25
    if isinstance(codec, networks.Words):
        return list(codec.names.spellings)[:2]
    if isinstance(codec, Choice):
        return next(iter(codec.spellings))
    simple: dict[type, Any] = {Flag: True, Ids: [4, 2], Text: "x", multitask.Pair: [1.0, 2.0], trainer.Devices: 2}
    simple |= {networks.Even: 8, networks.FourLayers: [1, 2, 3, 4]}
    return simple[type(codec)]


def plain(stage_1: Body | None = {}, stage_2: Body | None = {}) -> Body:  # noqa: B006 - never changed
    """A document that says little, with some more in its stages; None leaves a stage out."""
    first = {"pretrain_mode": "reconstruction", "mask": {"ratio": 0.5, "forecast": 0.25, "block": 1}, "epochs": 3}
    second = {
        "adapt_mode": "finetune",
        "control": "none",
        "unlabelled": "exclude",
        "targets": [{"system": 3}],
        "epochs": 3,
    }
    split = {"split": {"unit": "recording"}}
    body: Body = {"data": {"source": {"kind": "phm_vibench", "root": "x"}, "band": {"kind": "as_recorded"}}}
    for name, usual, more in (("stage_1", first, stage_1), ("stage_2", second, stage_2)):
        if more is not None:
            body[name] = deepcopy({**usual, **split, **more})
    return body


def _models() -> Iterator[Body]:
    for kind, table in EMBEDDINGS.items():
        body = {**plain(), "model": {"embedding": {"kind": kind, **full(table)}}}
        if kind == "patch":  # as many patches as fit side by side
            length = body["model"]["embedding"]["patches"] * body["model"]["embedding"]["patch_length"]
            body["data"]["window"] = {"placement": "evenly_spaced", "length": length}
        yield body
    for kind, table in BACKBONES.items():
        yield {**plain(), "model": {"embedding": {"kind": "hse"}, "backbone": {"kind": kind, **full(table)}}}


def _networks() -> Iterator[Body]:
    for kind, options in networks.NETWORKS.items():
        network = {"kind": kind, **full(options)}
        if kind == "tspn":
            network |= {"layers": [["laplace", "identity"], ["envelope"]], "width": 6}
        body = {**plain(stage_1=None), "model": {"network": network}}
        if kind == "isfm_flow":
            body["data"]["window"] = {"placement": "evenly_spaced", "length": network["length"]}
            yield {**body, "model": {"network": {"kind": kind, "length": network["length"], "condition": None}}}
        yield body


def _trainings() -> Iterator[Body]:
    rooms = {"seeds": [4, 5], "name": "x", "output": {"root": "x"}}
    body = {**plain(), **rooms, "trainer": full((rule.new.split(".")[1], (), rule.codec) for rule in trainer.DOCUMENT)}
    body["data"] |= {"normalize": "minmax", "noise_snr": 20.0, "batch_size": 7, "workers": 2}
    body["data"]["source"]["metadata"] = "x"
    yield body
    for kind in optimization.OPTIMIZERS.spellings:
        more = {"momentum": 0.5} if kind == "sgd" else {}
        yield plain(stage_1={"optimizer": {"kind": kind, "lr": 0.5, "weight_decay": 0.25, **more}})
    for kind, table in scheduler.OPTIONS.items():
        section = {"kind": kind, **full(table)}
        beside = {"epochs": 9, "optimizer": {"kind": "adam", "lr": 0.5}, "checkpoint": {"monitor": "validation/loss"}}
        yield plain(stage_1={**beside, "scheduler": section, "batch_size": 3})
    yield plain(stage_1={"regularization": {"l1": 0.5, "l2": 0.25}, "validate_every": 3.0})
    yield plain(stage_2={"checkpoint": {"keep": 3, "last": True}})
    yield plain(stage_2={"regularization": {"l2": 0.25}, "validate_every": 0.5})
    yield plain(stage_1={"early_stopping": full(selection.EarlyStopping._parts())})
    for placement in ("evenly_spaced", "sequential", "random"):
        window = {"placement": placement, "length": 2048, "per_recording": 3}
        window |= {"stride": 9} if placement == "sequential" else {}
        body = plain(stage_2={"window": window})
        body["data"]["window"] = {**window, "length": 64}
        yield body
    for split in (*DOMAIN_SPLITS, {"unit": "recording", "train": 0.7, "validation": 0.2, "test": 0.1}):
        yield plain(stage_2={"split": split})


def _first_stages() -> Iterator[Body]:
    usual = {"epochs": 3, "split": {"unit": "recording"}}
    for kind in pretraining.SELF_SUPERVISED.spellings:
        by_class = kind in pretraining.BY_CLASS
        stage = {"pairing": "class", "unlabelled": "exclude"} if by_class else {"pairing": "views"}
        options = {new: 0.5 for new, _ in pretraining._OPTIONS.get(kind, ())}
        more = {"loss": {"kind": kind, **options}, "projection": {"dim": 3}, "systems": [1]}
        yield {**plain(), "stage_1": {"pretrain_mode": "contrastive", **usual, **stage, **more}}
    yield from _beside_a_comparison(usual)
    projected = {"head": {"kind": "linear"}, "projection": {"dim": 3}}
    stage = {"metric": {"kind": "supcon"}, "metric_weight": 0.5, "classification_weight": 0.5, "unlabelled": "exclude"}
    yield {**plain(), "stage_1": {"pretrain_mode": "unified_metric", **usual, **stage, **projected}}
    shared = {"head": {"kind": "linear", "share": "shared"}, "positives": "class_across_systems"}
    for kind in across.SAMPLERS.spellings:
        yield {
            **plain(),
            "stage_1": {"pretrain_mode": "unified_metric", **usual, **stage, **shared, "sampler": {"kind": kind}},
        }
    paired = {"pairing": "class_across_systems", "loss": {"kind": "supcon"}, "unlabelled": "exclude"}
    yield {**plain(), "stage_1": {"pretrain_mode": "contrastive", **usual, **paired}}
    yield plain(stage_1={"loss": "mae"})
    contrast = {"weight": 0.5, "temperature": 0.5, "projection": {"dim": 3, "hidden": 5}}
    for each in (contrast, None):
        stage = {"pretrain_mode": "custom", "target": "flow", **usual, "params": {"contrast": each}}
        yield {**plain(), "stage_1": stage}
    yield from _ensembles(usual)
    for target in ("flow", "supervised", "classification_prediction"):
        stage = {"pretrain_mode": "custom", "target": target, **usual}
        stage |= {} if target == "flow" else {"unlabelled": "exclude", "params": {"head": {"kind": "distance"}}}
        if target == "classification_prediction":
            stage["params"] |= full(pretraining.Plugin.keys)
        yield {**plain(), "stage_1": stage}


def _beside_a_comparison(usual: Body) -> Iterator[Body]:
    """A contrastive stage with all that can stand beside its loss, and one without any of it."""
    model = {"embedding": {"kind": "hse_prompt"}}
    for kind in comparing.CONTRASTS:
        pairing = {"pairing": "class"} if kind in pretraining.BY_CLASS else {"pairing": "views"}
        full_stage = {
            "loss": {"kind": kind, "hardness": 1.0},
            "contrast_weight": 0.5,
            "classification": {"weight": 0.5, "head": {"kind": "distance"}},
            "momentum_encoder": {"momentum": 0.5, "queue": 3},
            "prompt": {"weight": 0.5, "temperature": 0.5},
            "unlabelled": "exclude",
        }
        yield {**plain(), "model": model, "stage_1": {"pretrain_mode": "contrastive", **usual, **pairing, **full_stage}}
        bare = dict.fromkeys(("classification", "momentum_encoder", "prompt", "projection"))
        more = {"unlabelled": "exclude"} if kind in pretraining.BY_CLASS else {}
        bare_stage = {"loss": {"kind": kind, "hardness": 0.0}, **bare, **more}
        yield {**plain(), "stage_1": {"pretrain_mode": "contrastive", **usual, **pairing, **bare_stage}}


def _ensembles(usual: Body) -> Iterator[Body]:
    """Several losses of pairs, and several by class."""
    pairs = [
        {"loss": {"kind": "nt_xent", "temperature": 0.5}, "weight": 0.5},
        {"loss": {"kind": "vicreg"}, "weight": 2.0},
    ]
    yield {
        **plain(),
        "stage_1": {
            "pretrain_mode": "contrastive",
            **usual,
            "pairing": "views",
            "loss": {"kind": "ensemble", "terms": pairs},
        },
    }
    classes = [{"loss": {"kind": "supcon"}}, {"loss": {"kind": "triplet", "margin": 0.5}, "weight": 0.5}]
    stage = {"metric": {"kind": "ensemble", "terms": classes}, "metric_weight": 0.5, "classification_weight": 0.5}
    yield {**plain(), "stage_1": {"pretrain_mode": "unified_metric", **usual, **stage, "unlabelled": "exclude"}}


def _second_stages() -> Iterator[Body]:
    freeze = {"embedding": True, "backbone": False, "prompt": True}
    tuned = {
        "freeze": freeze,
        "lr_multipliers": {"backbone": 0.5, "head": 2.0},
        "label_smoothing": 0.1,
        "head": {"kind": "distance"},
    }
    yield {**plain(stage_2=tuned), "model": {"embedding": {"kind": "hse_v2"}}}
    usual = {"control": "none", "targets": [{"systems": [*range(3, 11)]}], "split": {"unit": "recording"}}
    for kind in dict.fromkeys(METHODS.values()):
        stage = {"adapt_mode": "fewshot", **usual, "unlabelled": "exclude", "support_unit": "window", "shots": [3]}
        trained = {"epochs": 3} if kind in {"prototypical", "matching"} else {}
        distance = {"distance": "dot"} if kind == "matching" else {}
        keys = (row for row in episodes.KEYS if trained or row[0] in {"ways", "queries"})
        yield {**plain(), "stage_2": {**stage, **trained, "method": {"kind": kind, **distance}, **full(keys)}}
    tasks = {task: full((("weight", (), Number(above=0.0)), *options)) for task, options in multitask.OPTIONS.items()}
    tasks["classification"]["head"] = {"kind": "linear"}
    yield {**plain(), "stage_2": {**_several(tasks), **usual}}


def _several(tasks: Body) -> Body:
    return {"adapt_mode": "multitask", "unlabelled": "mask", "missing": "skip", "epochs": 3, "tasks": tasks}
