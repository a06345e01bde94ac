"""Small documents that together have every section and every variant that a document may have."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]

_SYSTEM = {"targets": [{"system": 6}]}
_FILES = {"kind": "phm_vibench", "root": "data"}


def _pretraining(mode: str, **more: Any) -> Document:
    return {"pretrain_mode": mode, "systems": [1, 2], "epochs": 3, **more}


def _adaptation(mode: str, **more: Any) -> Document:
    return {"adapt_mode": mode, **_SYSTEM, "epochs": 2, **more}


DOCUMENTS: dict[str, Document] = {
    "contrastive": {
        "seeds": [0, 1],
        "model": {"embedding": {"kind": "hse"}, "backbone": {"kind": "patchtst"}},
        "stage_1": _pretraining("contrastive", loss={"kind": "nt_xent"}, optimizer={"kind": "adamw"}),
        "stage_2": _adaptation("finetune", head={"kind": "linear"}, scheduler={"kind": "cosine"}),
    },
    "contrastive_by_class": {
        "data": {"source": _FILES, "window": {"placement": "sequential"}, "split": {"unit": "bearing"}},
        "model": {"embedding": {"kind": "hse_prompt"}, "backbone": {"kind": "transformer"}},
        "stage_1": _pretraining("contrastive", pairing="class", loss={"kind": "supcon"}, zero_shot={}),
        "stage_2": _adaptation("finetune", head={"kind": "distance"}, optimizer={"kind": "adam"}),
    },
    "triplet": {
        "data": {"window": {"placement": "random"}, "split": {"unit": "time"}},
        "model": {"embedding": {"kind": "hse_v2"}, "backbone": {"kind": "dlinear"}},
        "stage_1": _pretraining("contrastive", pairing="class", loss={"kind": "triplet"}),
    },
    "sweep": {
        "executor": {"kind": "slurm", "partition": "gpu"},
        "loggers": [{"kind": kind} for kind in ("csv", "tensorboard", "wandb", "swanlab", "mlflow")],
        "stage_2": _adaptation("finetune", sampler={"kind": "balanced_classes"}),
        "sweep": [
            {"kind": "grid", "name": "rate", "key": "stage_2.optimizer.lr", "values": [0.1, 0.01]},
            {"kind": "list", "name": "batch", "entries": [{"name": "small", "set": {"data.batch_size": 16}}]},
            {"kind": "seeds", "count": 2},
        ],
    },
    "prototypical": {
        "executor": {"kind": "local", "workers": 2},
        "model": {"embedding": {"kind": "patch"}, "backbone": {"kind": "timesnet"}},
        "stage_1": _pretraining("contrastive", pairing="class", loss={"kind": "prototypical"}),
    },
    "barlow_twins": {
        "executor": {"kind": "ray"},
        "model": {"backbone": {"kind": "fno"}},
        "stage_1": _pretraining(
            "contrastive",
            loss={"kind": "barlow_twins"},
            augmentations=[
                *({"kind": "noise"}, {"kind": "scale"}, {"kind": "shift"}, {"kind": "polarity"}),
                *({"kind": "jitter"}, {"kind": "band_mask"}, {"kind": "speed"}),
            ],
            scheduler={"kind": "step"},
        ),
    },
    "vicreg": {
        "data": {"band": {"kind": "common", "rate": 12000.0}},
        "model": {"backbone": {"kind": "vibt"}},
        "stage_1": _pretraining(
            "contrastive", loss={"kind": "vicreg"}, sampler={"kind": "shuffled"}, scheduler={"kind": "plateau"}
        ),
    },
    "ensemble": {
        "stage_1": _pretraining(
            "contrastive",
            loss={
                "kind": "ensemble",
                "terms": [{"loss": {"kind": "nt_xent"}, "weight": 0.7}, {"loss": {"kind": "vicreg"}, "weight": 0.3}],
            },
        ),
    },
    "momentum_encoder": {
        "model": {"embedding": {"kind": "hse_prompt"}},
        "stage_1": _pretraining(
            "contrastive",
            pairing="class_across_systems",
            loss={"kind": "supcon"},
            projection=None,
            momentum_encoder={"queue": 1024},
            prompt={"weight": 0.1},
            classification={"weight": 0.1},
        ),
    },
    "reconstruction_of_two_backbones": {
        "stage_1": _pretraining("reconstruction", backbones=[{"kind": "dlinear"}, {"kind": "patchtst"}]),
        "stage_2": _adaptation(
            "multitask",
            tasks={"classification": {}, "anomaly_detection": {}, "rul_prediction": {}, "signal_prediction": {}},
            missing="skip",
            weighting="gradient_balanced",
            gradient_balance={},
            optimizer={"kind": "sgd"},
            scheduler={"kind": "constant"},
        ),
    },
    "unified_metric": {
        "stage_1": _pretraining("unified_metric", early_stopping={}),
        "stage_2": _adaptation(
            "finetune",
            targets=[{"system": 6}, {"systems": [7, 8]}],
            split={"unit": "domain", "last": 1},
            lr_multipliers={"backbone": 0.1},
            unfreeze={"backbone": 1},
        ),
    },
    "custom": {
        "stage_1": _pretraining("custom", target="supervised", params={"head": {"kind": "linear"}}),
        "variants": [{"name": "plain", "set": {}}, {"name": "small", "set": {"data.batch_size": 16}}],
    },
    "custom_of_both": {"stage_1": _pretraining("custom", target="classification_prediction", params={})},
    "custom_flow": {"stage_1": _pretraining("custom", target="flow", params={"contrast": {}})},
    "resnet1d": {
        "model": {"network": {"kind": "resnet1d"}},
        "stage_1": _pretraining("contrastive"),
        "stage_2": _adaptation("finetune", freeze={"backbone": True}),
    },
    **{
        kind: {"model": {"network": {"kind": kind}}, "stage_2": _adaptation("finetune")}
        for kind in ("isfm_prompt", "isfm_flow", "tspn", "mwa_cnn", "protonet")
    },
    "heads_of_tasks": {
        "stage_2": _adaptation(
            "multitask",
            tasks={
                "classification": {"head": {"kind": "perceptron"}},
                "anomaly_detection": {"head": {"kind": "anomaly"}},
                "rul_prediction": {"head": {"kind": "rul"}},
                "signal_prediction": {"head": {"kind": "prediction"}},
            },
            trunk={"kind": "multitask"},
        ),
    },
    "from_a_checkpoint": {
        "stage_2": _adaptation("finetune", init={"checkpoint": "save/encoder.safetensors"}, freeze={"backbone": True})
    },
    "unseen_systems": {
        "stage_2": {
            "adapt_mode": "finetune",
            "targets": [{"systems": [1, 2, 3]}],
            "split": {"unit": "system", "test_systems": [3]},
            "head": {"kind": "linear", "share": "shared"},
        },
    },
    **{
        f"fewshot_{kind}": {"stage_1": _pretraining("contrastive"), "stage_2": {**_SYSTEM, **more}}
        for kind, more in {
            "prototypical": {
                "adapt_mode": "fewshot",
                "method": {"kind": "prototypical"},
                "shots": [1, 5],
                "repeats": 2,
            },
            "matching": {"adapt_mode": "fewshot", "method": {"kind": "matching"}},
            "neighbours": {"adapt_mode": "fewshot", "method": {"kind": "neighbours"}},
            "linear_probe": {"adapt_mode": "fewshot", "method": {"kind": "linear_probe"}},
            "finetune": {"adapt_mode": "fewshot", "method": {"kind": "finetune"}},
        }.items()
    },
}
