"""A complete network in a document: it stands alone, and keys beside it that mean nothing are refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from twostage.config.document import TwoStageConfig
from twostage.config.load import load_document

RESNET = {"network": {"kind": "resnet1d", "width": 8}}
FINETUNE = {"adapt_mode": "finetune", "targets": [{"system": 2}]}
FEWSHOT = {"adapt_mode": "fewshot", "targets": [{"system": 2}]}


def document(**changes):
    return TwoStageConfig.model_validate({"model": RESNET, "stage_2": FINETUNE} | changes)


def test_a_complete_network_has_no_parts():
    model = document().model
    assert (model.embedding, model.backbone) == (None, None)
    assert (model.dim, model.patches) == (64, 1)


def test_the_lock_of_a_complete_network_loads_to_the_same(tmp_path):
    path = tmp_path / "document.yaml"
    path.write_text("model: {network: {kind: resnet1d}}\nstage_2: {adapt_mode: finetune, targets: [{system: 2}]}\n")
    loaded = load_document(path).config
    assert TwoStageConfig.model_validate(loaded.model_dump(mode="json")) == loaded
    assert loaded.model.complete is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": RESNET | {"backbone": {"kind": "dlinear"}}},
            "backbone would have no effect, because network resnet1d",
        ),
        ({"model": RESNET | {"embedding": {"kind": "hse"}}}, "embedding would have no effect"),
        ({"model": {"embedding": None}}, "embedding is null, but network isfm needs it"),
        (
            {"stage_1": {"pretrain_mode": "contrastive", "backbones": [{"kind": "dlinear"}, {"kind": "fno"}]}},
            r"backbone would have no effect|stage_1\.backbones has no effect beside network resnet1d",
        ),
        (
            {"stage_1": {"pretrain_mode": "reconstruction"}},
            "stage_1 restores patches, but network resnet1d reads whole",
        ),
        ({"stage_1": {"pretrain_mode": "custom", "target": "flow"}}, "stage_1 restores patches"),
        ({"stage_2": FINETUNE | {"freeze": {"embedding": True}}}, "write freeze.backbone: true"),
        ({"stage_2": FINETUNE | {"lr_multipliers": {"embedding": 0.1}}}, "write lr_multipliers.backbone"),
        ({"stage_2": FINETUNE | {"freeze": {"prompt": True}}}, "network resnet1d has no prompt"),
        ({"stage_2": FEWSHOT | {"freeze": {"backbone": True}}}, "write freeze.embedding: true as well"),
        ({"stage_2": FINETUNE | {"head": {"kind": "distance", "heads": 7}}}, r"model\.network.* gives 64 features"),
        (
            {"model": {"network": {"kind": "resnet1d", "layers": [1, 1]}}},
            "layers has 2 entries, but there are four stages",
        ),
        (
            {"model": {"network": {"kind": "isfm_flow", "length": 8}}},
            r"network\.length is 8, but windows have 1024 samples",
        ),
        (
            {"model": {"network": {"kind": "isfm_flow", "condition": {"max_systems": 2}}}},
            r"network\.condition\.max_systems is 2, but system 2 lies outside 0 to 1",
        ),
        (
            {
                "model": {"network": {"kind": "isfm_flow"}},
                "stage_1": {"pretrain_mode": "custom", "target": "flow", "params": {"hidden": 3}},
            },
            r"stage_1\.params\.hidden has no effect beside network isfm_flow",
        ),
        (
            {"model": {"network": {"kind": "isfm_prompt"}, "embedding": {"kind": "hse_prompt"}}},
            "network isfm_prompt has a prompt of its own",
        ),
        (
            {
                "model": {
                    "network": {"kind": "isfm_prompt"},
                    "embedding": {"kind": "hse", "dim": 6},
                    "backbone": {"kind": "dlinear"},
                }
            },
            r"network\.prompt\.fusion: attention has 4 heads",
        ),
        (
            {"model": {"network": {"kind": "isfm_prompt", "prompt": {"max_systems": 1}}}},
            r"network\.prompt\.max_systems is 1, but system 2",
        ),
        ({"model": {"network": {"kind": "tspn", "width": 6}}}, r"width is 6, but layers\[0\] has 4 transforms"),
        ({"model": {"network": {"kind": "tspn", "features": ["rms", "rms"]}}}, "rms is named more than once"),
    ],
)
def test_what_means_nothing_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        document(**changes)


def test_a_linear_probe_of_a_complete_network():
    frozen = document(stage_2=FEWSHOT | {"freeze": {"embedding": True, "backbone": True}})
    assert not frozen.stage_2.trains
