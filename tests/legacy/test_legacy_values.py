"""What a key of an old file becomes, value by value, also beside the keys that change its meaning."""

from __future__ import annotations

import pytest
import yaml
from test_legacy_forms import ENCODER, SOURCE, converted, flat, read

from twostage.legacy.convert import to_new

PRETRAINING = f"""
data: {{{SOURCE}, batch_size: 8}}
model: {ENCODER}
task: {{type: pretrain, name: hse_contrastive, target_system_id: [1, 5], lr: 0.001}}
trainer: {{num_epochs: 4}}
"""


def pretraining(**sections):
    document = read(PRETRAINING)
    for name, more in sections.items():
        document[name] = document.get(name, {}) | read(more)
    return yaml.safe_dump(document, sort_keys=False)


def at(config, key):
    found = config
    for part in key.split("."):
        found = found[int(part)] if part.isdigit() else getattr(found, part)
    return found


@pytest.mark.parametrize(
    ("sections", "key", "value"),
    [
        ({"trainer": "{check_val_every_n_epoch: 2}"}, "stage_2.validate_every", 2.0),
        ({"trainer": "{check_val_every_n_epoch: 3}"}, "stage_2.validate_every", 3.0),
        ({"trainer": "{check_val_every_n_epoch: 1, val_check_interval: 0.5}"}, "stage_2.validate_every", 0.5),
        ({"trainer": "{val_check_interval: 0.25}"}, "stage_2.validate_every", 0.25),
        ({"trainer": "{check_val_every_n_epoch: 2, val_check_interval: 0.5}"}, "stage_2.validate_every", 2.0),
        ({"environment": "{project: mine, output_dir: out}"}, "name", "mine"),
        ({"environment": "{project: mine, output_dir: out}"}, "output.root", "out"),
        ({"trainer": "{gradient_clip_val: 0.5}"}, "trainer.gradient_clip", 0.5),
        ({"data": "{noise_snr: 5}"}, "data.noise_snr", 5.0),
        ({"data": "{normalization: minmax}"}, "data.normalize", "minmax"),
        ({"data": "{normalization: none}"}, "data.normalize", "none"),
        ({"data": "{num_workers: 3}"}, "data.workers", 3),
        ({"trainer": "{precision: 16}"}, "trainer.precision", "mixed"),
        ({"trainer": "{precision: '32'}"}, "trainer.precision", "32-true"),
        ({"trainer": "{precision: bf16}"}, "trainer.precision", "bf16-mixed"),
        ({"data": "{train_ratio: 0.6}"}, "stage_2.split.train", 0.6),
        ({"data": "{train_ratio: 0.6, val_ratio: 0.1}"}, "stage_2.split.validation", 0.1),
        ({"data": "{train_ratio: 0.6, val_ratio: 0.1}"}, "stage_2.split.test", 0.3),
        ({"data": "{train_ratio: 0.6, test_ratio: 0.1}"}, "stage_2.split.validation", 0.3),
        ({"data": "{train_ratio: 0.6, val_ratio: 0.3, test_ratio: 0.1}"}, "stage_2.split.test", 0.1),
    ],
)
def test_a_key_of_a_flat_document(sections, key, value):
    assert at(converted(flat(**sections)), key) == value


@pytest.mark.parametrize(
    ("sections", "key", "value"),
    [
        ({}, "stage_1.loss.kind", "nt_xent"),
        ({"task": "{classification_weight: 0.0}"}, "stage_1.classification", None),
        ({"task": "{classification_weight: 0.5}"}, "stage_1.classification.weight", 0.5),
        ({"task": "{contrast_loss: SUPCON}"}, "stage_1.loss.kind", "supcon"),
        ({"task": "{contrast_loss: TRIPLET}"}, "stage_1.loss.kind", "triplet"),
        ({"task": "{contrast_loss: VICREG}"}, "stage_1.loss.kind", "vicreg"),
        ({"task": "{contrast_loss: BARLOWTWINS}"}, "stage_1.loss.kind", "barlow_twins"),
        ({"task": "{contrast_loss: INFONCE, temperature: 0.2}"}, "stage_1.loss.temperature", 0.2),
    ],
)
def test_a_key_of_a_pretraining(sections, key, value):
    assert at(converted(pretraining(**sections)), key) == value


def blocks(waits):
    return (
        flat(task="{name: multitask_pretrain_finetune, type: multi_stage}")
        + f"""
training:
  stage_1_pretraining: {{backbones_to_compare: [B_08_PatchTST, B_04_Dlinear], target_systems: [1, 2], epochs: 1}}
  stage_2_finetuning: {{individual_systems: [3], epochs: 3, progressive_unfreezing: {{{waits}}}}}
"""
    )


@pytest.mark.parametrize(
    ("waits", "key", "value"),
    [
        ("enabled: true, freeze_backbone_epochs: 2", "backbone", 2),
        ("enabled: true, freeze_embedding_epochs: 1", "embedding", 1),
        ("enabled: true, freeze_backbone_epochs: 2, unfreeze_schedule: linear", "schedule", "linear"),
        ("enabled: true, freeze_backbone_epochs: 2, unfreeze_schedule: step", "schedule", "at_once"),
    ],
)
def test_what_waits_before_it_trains(waits, key, value):
    assert getattr(converted(blocks(waits)).stage_2.unfreeze, key) == value


def test_what_would_wait_for_all_epochs_trains_at_once_and_is_told():
    conversion = to_new([read(blocks("enabled: true, freeze_backbone_epochs: 3"))])
    assert conversion.document["stage_2"].get("unfreeze") is None
    told = [remark.path[-1] for remark in conversion.remarks if remark.code == "never-unfrozen"]
    assert told == ["freeze_backbone_epochs"]


def test_a_validation_after_more_epochs_than_there_are_is_told():
    conversion = to_new([read(flat(trainer="{check_val_every_n_epoch: 4}"))])
    assert "validate_every" not in conversion.document["stage_2"]
    assert "never-validated" in {remark.code for remark in conversion.remarks}


STATISTICS = {
    "Mean": "mean",
    "Std": "std",
    "Var": "var",
    "Entropy": "entropy",
    "Max": "max",
    "Min": "min",
    "AbsMean": "abs_mean",
    "Kurtosis": "kurtosis",
    "RMS": "rms",
    "CrestFactor": "crest_factor",
    "Skewness": "skewness",
    "ClearanceFactor": "clearance_factor",
    "ShapeFactor": "shape_factor",
}


def test_statistics_of_a_tspn_keep_their_order():
    document = read(flat()) | {"model": {"name": "TSPN", "type": "X", "feature_extractor_configs": list(STATISTICS)}}
    config = converted(yaml.safe_dump(document))
    assert config.model.network.features == tuple(STATISTICS.values())


@pytest.mark.parametrize("name", ["M_02_ISFM", "M_02_ISFM_Prompt", "M_02_ISFM_Prompt_Simplified", "ISFM"])
def test_every_family_is_an_embedding_and_a_backbone(name):
    model = converted(flat(model=f"{{name: {name}}}")).model
    assert (model.embedding.kind, model.backbone.kind) == ("hse", "patchtst")
