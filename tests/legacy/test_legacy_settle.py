"""Old keys that do not go together: what is left out is no more than what is wrong, and the rest is valid."""

from __future__ import annotations

from copy import deepcopy

import pytest

from twostage.config.document import TwoStageConfig
from twostage.legacy.convert import ConversionError, to_new, to_old

COMMON = {
    "data": {"data_dir": "data"},
    "model": {"name": "M_01_ISFM", "embedding": "E_01_HSE", "backbone": "B_04_Dlinear"},
    "task": {"type": "CDDG", "name": "hse_contrastive"},
}
PRETRAINING = {"epochs": 1}


def stages(stage_1, stage_2):
    return {**deepcopy(COMMON), "training": {"stage_1_pretraining": stage_1, "stage_2_finetuning": stage_2}}


def blocks(stage_1, stage_2):
    kinds = {"type": "unified_pretraining", "epochs": 1}, {"type": "dataset_finetuning", "epochs": 1}
    return {
        **deepcopy(COMMON),
        "stage_1_pretraining": kinds[0] | stage_1,
        "stage_2_finetuning": kinds[1] | stage_2,
    }


def settled(old):
    """Which new keys a refusal asks for; what is left is valid, and goes back."""
    conversion = to_new([old])
    TwoStageConfig.model_validate(conversion.document)
    assert to_old(conversion.document) == [old]
    return {key for entry in conversion.document["legacy"].get("refused", ()) for key in entry["write"]}


@pytest.mark.parametrize(
    ("old", "keys"),
    [
        (stages(PRETRAINING, PRETRAINING) | {"model": COMMON["model"] | {"n_patches": 1}}, {"model.embedding.patches"}),
        (blocks({"task": {"classification_weight": 0, "contrast_weight": 0}}, {}), {"stage_1.metric_weight"}),
        (
            stages(PRETRAINING, PRETRAINING | {"individual_systems": [2], "multitask_system": ["x"]}),
            {"stage_2.tasks.rul_prediction", "stage_2.tasks.signal_prediction"},
        ),
    ],
)
def test_only_the_keys_that_are_wrong_are_left_out(old, keys):
    assert settled(old) == keys


def test_zero_is_a_system_too():
    together = to_new([stages(PRETRAINING, PRETRAINING | {"multitask_system": 0})])
    assert together.document["stage_2"]["targets"] == [{"system": 0}]
    apart = to_new([stages(PRETRAINING, PRETRAINING | {"individual_systems": 0})])
    assert [target["system"] for target in apart.document["stage_2"]["targets"]] == [0, 0]
    assert set(apart.document["stage_2"]["tasks"]) == {"classification", "anomaly_detection"}


@pytest.mark.parametrize("value", [False, None])
def test_a_fan_out_that_is_switched_off_names_no_system(value):
    conversion = to_new([stages(PRETRAINING, PRETRAINING | {"multitask_system": value})])
    assert conversion.document["stage_2"]["targets"] == [{"systems": "all"}]


@pytest.mark.parametrize("value", [{"dataset_id": 1}, {"a": {"dataset_id": 1}}, [[]], []])
def test_only_a_list_of_mappings_names_targets(value):
    document = to_new([blocks({}, {"finetune_targets": value})]).document
    assert document["stage_2"]["targets"] == [{"systems": "all"}]
    edited = deepcopy(document) | {"stage_2": document["stage_2"] | {"targets": [{"system": 5}, {"system": 6}]}}
    try:
        (back,) = to_old(edited)
    except ConversionError as refusal:
        assert "stage_2.targets" in str(refusal)  # noqa: PT017 - where the place is taken, the key is named
    else:
        assert to_new([back]).document["stage_2"]["targets"] == edited["stage_2"]["targets"]


def test_a_part_without_its_kind_is_told_in_words():
    document = {"model": {"embedding": {"prompt": {"dim": 4}}}, "stage_2": {"adapt_mode": "finetune"}}
    with pytest.raises(ConversionError, match=r"model\.embedding: 'kind' is missing; it chooses the variant"):
        to_old(document)
