"""A monitor of a pretraining that is never logged is told by the document alone, and what is logged is accepted."""

from __future__ import annotations

import pytest

from twostage.components import implementation_of
from twostage.config.load import load_config
from twostage.config.model import HSE, ModelConfig
from twostage.config.problems import DocumentError
from twostage.models.network import Encoder, Network

UNIFIED = {"pretrain_mode": "unified_metric", "systems": [1, 2]}
SUPERVISED = {"pretrain_mode": "custom", "systems": [1, 2], "target": "supervised"}
BOTH = SUPERVISED | {"target": "classification_prediction"}
MODES = [
    UNIFIED,
    UNIFIED | {"metric_weight": 0.0},
    UNIFIED | {"classification_weight": 0.0},
    SUPERVISED,
    BOTH,
    SUPERVISED | {"target": "flow"},
    {"pretrain_mode": "contrastive", "systems": [1, 2]},
    {"pretrain_mode": "contrastive", "systems": [1, 2], "classification": {}},
    {"pretrain_mode": "reconstruction", "systems": [1, 2]},
]


def read(stage_1, monitor):
    return load_config({"stage_1": stage_1 | {"checkpoint": {"monitor": monitor}}})


@pytest.mark.parametrize("stage_1", MODES, ids=lambda each: "-".join(str(value) for value in each.values()))
def test_what_the_document_takes_for_logged_is_what_the_training_logs(stage_1):
    written = read(stage_1, "train/loss").stage_1
    model = ModelConfig(embedding=HSE(patch_length=16, patches=8, dim=16))
    extra = {"classes": {1: 2, 2: 3}} if written.reads_labels else {}
    kind = implementation_of(written)
    logged = kind(written, Network(Encoder(model), kind.head(written, model, **extra)), **extra).logged()
    for name in logged:
        assert read(stage_1, name).stage_1.checkpoint.monitor == name
    for name in {"validation/accuracy", "validation/mse", "train/metric_loss", "validation/prompt_loss"} - logged:
        with pytest.raises(DocumentError, match=f"checkpoint.monitor {name} is never logged by pretrain_mode"):
            read(stage_1, name)


@pytest.mark.parametrize("stage_1", [UNIFIED, SUPERVISED])
def test_a_metric_of_a_system_that_does_not_take_part_is_told(stage_1):
    with pytest.raises(DocumentError, match=r"validation/accuracy/7 is never logged .*; it logs .*validation/macro_f1"):
        read(stage_1, "validation/accuracy/7")
    anywhere = {name: value for name, value in stage_1.items() if name != "systems"}
    assert read(anywhere, "validation/accuracy/7").stage_1.systems is None


def test_a_class_that_is_imported_later_may_log_what_it_likes():
    named = SUPERVISED | {"target": "plant.mine:Mine"}
    assert read(named, "validation/anything").stage_1.checkpoint.monitor == "validation/anything"
