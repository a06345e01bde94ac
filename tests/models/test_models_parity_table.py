"""Which test covers each recorded run, or why none does; a run that nobody thought of fails."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from shared_data import shared_json

pytestmark = pytest.mark.realdata

# By a pattern of names: the module, and the tests in it that read such runs.
COVERED = {
    r"emb__E_01_HSE__.*": "test_models_parity:test_embedding",
    r"emb__E_01_HSE_v2__.*": "test_models_prompts_parity:test_rig_prompt_embedding",
    r"head__H_0[56]_.*": "test_models_parity_heads:test_head_of_one_number",
    r"head__H_10_.*": "test_models_parity_heads:test_projection",
    r"m01__E_01_HSE__.*__H_01(__C1)?": "test_models_parity:test_classifier",
    r"m01__E_01_HSE__.*__H_02": "test_models_parity_distance:test_classifier",
    r"m01__E_01_HSE__.*__H_03__.*": "test_models_parity_heads:test_forecast_alone",
    r"m01__E_01_HSE__.*__H_09_.*": "test_models_parity_heads:test_classification_and_forecast",
    r"m01__E_01_HSE__.*__MultiTaskHead": "test_models_parity_heads:test_multitask_head",
    r"m01__E_03_Patch__.*": "test_models_prompts_parity:test_patches_side_by_side",
    r"m01_era2025-09_multihead__.*": "test_models_parity_heads:test_one_head_for_each_task",
    r"m02prompt__.*": "test_models_prompts_parity:test_prompt_model_of_the_release",
    r"m02prompt_era2025-09__E_01_HSE_gating__.*": "test_models_prompts_parity:test_prompt_beside_the_plain_embedding",
    r"m02prompt_era2025-09__E_01_HSE_v2_.*": "test_models_prompts_parity:test_rig_prompt_model",
    r"m04flow": "test_models_networks:test_isfm_flow_as_recorded",
    r"mwa_cnn": "test_models_networks:test_mwa_cnn_as_recorded",
    r"resnet1d_.*": "test_models_networks:test_resnet1d_as_recorded",
    r"tspn": "test_models_networks:test_tspn_as_recorded",
}
# The test cuts the tokens of E_02_HSE_v2, which is not here, by itself; the forecast of H_04_VIB_pred is not compared.
IN_PART = {
    r"m02__E_02_HSE_v2__B_10__H_02__.*": (
        "test_models_parity_distance:test_conditioned_transformer_below_the_distance_head"
    ),
    r"m02__E_02_HSE_v2__B_10__H_04__.*": "test_models_parity_distance:test_conditioned_transformer",
}
NOT_SUPPORTED = {
    "transformer_dummy": "attention ran across the windows of a batch, so that it answers for no window alone",
}


def test_every_recorded_run_is_covered_or_has_a_reason():
    names = [entry["id"] for entry in shared_json("index")]
    covered, in_part = (
        {name for name in names if any(re.fullmatch(pattern, name) for pattern in table)}
        for table in (COVERED, IN_PART)
    )
    assert set(names) == covered | in_part | NOT_SUPPORTED.keys()
    assert (len(covered), len(in_part), len(NOT_SUPPORTED)) == (70, 4, 1)  # docs/models.md says so
    idle = [pattern for pattern in COVERED | IN_PART if not any(re.fullmatch(pattern, name) for name in names)]
    assert not idle


@pytest.mark.parametrize("named", sorted({*COVERED.values(), *IN_PART.values()}))
def test_the_named_test_exists(named):
    module, _, test = named.partition(":")
    text = Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
    assert f"\ndef {test}(" in text
