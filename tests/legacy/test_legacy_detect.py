"""What an old document is: rule by rule, in the order in which the rules are asked."""

from __future__ import annotations

import pytest

from twostage.legacy.detect import Detection, detect, role_of

DATA, MODEL, TASK = {"data_dir": "x"}, {"name": "M_01_ISFM"}, {"type": "DG", "name": "classification"}
FLAT = {"data": DATA, "model": MODEL, "task": TASK}
BLOCK, NESTED = {"epochs": 3}, {"task": {"type": "CDDG"}}
UNIFIED, OF_DATASET = {"type": "unified_pretraining"}, {"type": "dataset_finetuning"}


@pytest.mark.parametrize("file", [None, [], {}, 3, "text", [FLAT], {1: 2, "data": DATA}])
def test_what_is_no_mapping_of_names_is_no_configuration(file):
    assert detect(file) == Detection(None, "R0", "not a mapping of names")


@pytest.mark.parametrize(
    ("file", "shape", "rule", "detail", "pipeline"),
    [
        ({"stages": [FLAT, FLAT]}, "stages", "R1", "full", "02"),
        ({"stages": [{"overrides": {}}, {"config": {}}]}, "stages", "R1", "overrides", "02"),
        ({"stages": [FLAT, {"overrides": {}}]}, "stages", "R1", "mixed", "02"),
        ({"stages": [FLAT, {"config": {}}], "base_configs": {}}, "stages", "R1", "mixed", "02"),
        (FLAT | {"stages": [{"overrides": {}}]}, "stages", "R1", "overrides", "02"),
        (FLAT | {"stages": []}, "single", "R7", "flat", None),
        (FLAT | {"stages": [3]}, "single", "R7", "flat", None),
        ({"stage_1": {"data": DATA}}, "stages", "R2", "stage_1 and stage_2", "02"),
        ({"stage_2": {"model": MODEL}}, "stages", "R2", "stage_1 and stage_2", "02"),
        ({"stage_1": {"task": TASK}, "pipeline_03": {"stage_1": BLOCK}}, "stages", "R2", "stage_1 and stage_2", "02"),
        ({"stage_1": {"trainer": {}}}, None, "R9", "neither sections nor stages", None),
        (FLAT | {"pipeline_03": {"stage_1": BLOCK}}, "p03", "R3", "pipeline_03", "03"),
        ({"pipeline_03": {"stage_2_finetuning": NESTED}}, "p03", "R3", "pipeline_03", "03"),
        (FLAT | {"training": {"stage_1_pretraining": BLOCK}}, "p03", "R4b", "training", "03"),
        ({"training": {"stage_1_pretraining": NESTED}}, "p04", "R4a", "training.nested", "04"),
        (FLAT | {"training": {"stage_1_pretraining": UNIFIED}}, "p04", "R4a", "training.nested", "04"),
        ({"training": {"stage_1_pretraining": BLOCK, "stage_2_finetuning": OF_DATASET}}, "p04", "R4a", None, "04"),
        ({"stage_1_pretraining": BLOCK}, "p03", "R5b", "toplevel", "03"),
        ({"stage_2_finetuning": NESTED}, "p04", "R5a", "toplevel.nested", "04"),
        (FLAT | {"base_configs": {"model": "m.yaml"}}, "single", "R6", "composed", None),
        ({"base_configs": {"model": "m.yaml"}, "pipeline": "Pipeline_04_x"}, "single", "R6", "composed", "04"),
        (FLAT, "single", "R7", "flat", None),
        ({"dataset": DATA, "model": MODEL, "task": TASK}, "single", "R7", "flat", None),
        (FLAT | {"optimization": {"lr": 1}}, "single", "R7", "flat", None),
        (FLAT | {"model": {"name": "x", "args": {}}}, "single", "R7", "args", None),
        ({"dataset": {"args": {}}, "model": MODEL, "task": TASK}, "single", "R7", "args", None),
        (FLAT | {"other": {"args": {}}}, "single", "R7", "flat", None),
        (FLAT | {"pipeline": "Pipeline_02_pretrain_fewshot"}, "single", "R7", "flat", "02"),
        (FLAT | {"environment": {"project": "Pipeline_04_unified_metric"}}, "single", "R7", "flat", "04"),
        (FLAT | {"environment": {"project": "Pipeline_02_pretrain"}}, "single", "R7", "flat", None),
        ({"data": DATA}, "fragment", "R8", "data", None),
        ({"task": TASK, "data": None}, "fragment", "R8", "data+task", None),
        ({"model": MODEL, "task": TASK}, "fragment", "R8", "model+task", None),
        ({"data": DATA, "environment": {"project": "unified_metric"}}, "fragment", "R8", "data+environment", None),
        ({"name": "Default_trainer", "num_epochs": 3}, "fragment", "R8", "trainer without its section", None),
        ({"name": "Default_trainer", "max_epochs": 3}, "fragment", "R8", "trainer without its section", None),
        ({"name": "Default_trainer"}, None, "R9", "neither sections nor stages", None),
        ({"num_epochs": 3}, None, "R9", "neither sections nor stages", None),
        ({"name": "x", "num_epochs": 3, "more": {}}, None, "R9", "neither sections nor stages", None),
        ({"data": "x"}, None, "R9", "neither sections nor stages", None),
        ({"data": DATA, "notes": "x"}, None, "R9", "neither sections nor stages", None),
    ],
)
def test_the_first_rule_that_holds_decides(file, shape, rule, detail, pipeline):
    found = detect(file)
    assert (found.shape, found.rule, found.pipeline) == (shape, rule, pipeline)
    assert detail is None or found.detail == detail


def test_what_is_asked_for_beats_what_is_declared_and_that_the_structure():
    file = {"pipeline": "Pipeline_04_unified", "training": {"stage_1_pretraining": BLOCK}}
    assert detect({"training": file["training"]}).pipeline == "03"
    assert detect(file).pipeline == "04"
    assert detect(file, "02").pipeline == "02"


@pytest.mark.parametrize(
    ("file", "role"),
    [
        ({}, "train"),
        ({"task": {"type": "DG"}}, "train"),
        ({"task": {"type": "FS"}}, "fewshot"),
        ({"task": {"type": "gfs"}}, "fewshot"),
        ({"task": {"type": "pretrain"}}, "pretrain"),
        ({"task": {"type": "Pretraining"}}, "pretrain"),
        ({"task": {"type": "DG", "name": "masked_pretrain"}}, "pretrain"),
        ({"task": {"type": "FS", "name": "pretrain"}}, "fewshot"),
        ({"task": {"type": "FS"}, "pipeline_settings": {"stage": "pretraining"}}, "pretrain"),
        ({"task": {"type": "DG"}, "pipeline_settings": {"stage": "Few_shot"}}, "fewshot"),
        ({"task": {"type": "FS"}, "pipeline_settings": {"stage": "second"}}, "finetune"),
        ({"model": {"weights_path": "a.ckpt"}}, "finetune"),
        ({"model": {"weight_path": "a.ckpt"}}, "finetune"),
        ({"model": {"pretrained_checkpoint": "a.ckpt"}}, "finetune"),
        ({"model": {"weights_path": None}}, "train"),
        ({"model": {"weights_path": "a.ckpt"}, "task": {"type": "pretrain"}}, "pretrain"),
        ({"model": {"training_stage": "Pretrain"}}, "pretrain"),
        ({"model": {"training_stage": "finetune"}}, "train"),
        ({"model": {"training_stage": "finetune"}, "finetune": {}}, "finetune"),
        ({"model": {"training_stage": "train"}, "finetune": {}}, "train"),
    ],
)
def test_the_first_sign_tells_what_a_stage_is_for(file, role):
    assert role_of(file) == role
