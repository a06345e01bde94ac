"""Types that old files have now and then: what converts also validates as it is, and comes back."""

from __future__ import annotations

from copy import deepcopy

import pytest
import yaml

from twostage.config.document import TwoStageConfig
from twostage.legacy.convert import to_new, to_old
from twostage.legacy.core.leaves import same

OLD = """
environment: {seed: 42, iterations: 1, output_dir: results}
data: {data_dir: data, metadata_file: metadata.xlsx, batch_size: 8, train_ratio: 0.8}
model: {name: M_01_ISFM, type: ISFM, embedding: E_01_HSE, backbone: B_08_PatchTST, task_head: H_01_Linear_cla}
task: {type: DG, name: classification, target_system_id: [1, 5], lr: 0.001, optimizer: adam, scheduler: true}
trainer: {num_epochs: 3, gpus: 1, device: cuda, monitor: val_loss, early_stopping: true}
"""
BLOCKS = """
training:
  stage_1_pretraining: {epochs: 2, target_systems: 1, backbones_to_compare: [B_08_PatchTST]}
  stage_2_finetuning: {epochs: 1, individual_systems: 2, multitask_system: [3]}
"""


def forms(text):
    """The old document with each of some values in the place of what it says."""
    for key, value in yaml.safe_load(text):
        document = yaml.safe_load(OLD)
        *around, last = key.split(".")
        holder = document
        for name in around:
            holder = holder[name]
        holder[last] = value
        yield pytest.param(document, id=f"{key}: {value}")


@pytest.mark.parametrize(
    "old",
    [
        *forms("""
        - [trainer.gpus, [0]]
        - [trainer.gpus, [0, 1]]
        - [trainer.gpus, auto]
        - [trainer.gpus, "2"]
        - [trainer.gpus, null]
        - [trainer.devices, auto]
        - [trainer.early_stopping, {patience: 3}]
        - [trainer.precision, 16]
        - [environment.seed, "42"]
        - [environment.seed, [1, 2]]
        - [environment.iterations, "3"]
        - [environment, null]
        - [environment, {}]
        - [data, null]
        - [data.batch_size, "32"]
        - [data.batch_size, [32]]
        - [task, null]
        - [task.target_system_id, 1]
        - [task.target_system_id, "1"]
        - [task.target_system_id, "1,5"]
        - [task.target_system_id, null]
        - [task.scheduler, {name: cosine, options: null}]
        - [task.optimizer, {name: adam, lr: 0.1}]
        - [task.metrics, {acc: true}]
        - [model, null]
        - [trainer, null]
        - [stage_1, {}]
        - [stage_1, null]
        - [stages, []]
        - [training, null]
        - [pipeline, null]
        - [notes, [1, null]]
        """),
        pytest.param(yaml.safe_load(OLD + BLOCKS), id="blocks"),
    ],
)
@pytest.mark.parametrize("reading", ["meant", "as_executed"])
def test_odd_types_convert_validate_and_come_back(old, reading):
    document = to_new([old], reading=reading).document
    assert same(to_old(document), [old])
    config = TwoStageConfig.model_validate(document)
    if reading == "meant":
        assert TwoStageConfig.model_validate(deepcopy(old)) == config


@pytest.mark.parametrize("written", [{"data": None, "model": None}, {"stage_1": {}, "data": {"batch_size": 2}}])
def test_empty_sections_alone_make_no_document_old(written):
    with pytest.raises(ValueError, match="validation error"):
        TwoStageConfig.model_validate(written)


UNFIT = """
- [model, {modes: 32, backbone: B_09_FNO, num_patches: 32}, model.modes, "17 frequencies"]
- [model, {num_heads: 7, backbone: B_01_basic_transformer, output_dim: 64}, model.num_heads, "every head"]
- [task, {type: In_distribution, name: multi_task_phm, enabled_tasks: []}, task.enabled_tasks, "no task"]
- [task, {type: In_distribution, name: multi_task_phm, enabled_tasks: [null]}, task.enabled_tasks, "no task 'None'"]
- [task, {type: FS, name: prototypical_network, num_systems: 9, target_system_id: [1, 2]}, task.num_systems, "9"]
"""


@pytest.mark.parametrize(("section", "values", "key", "reason"), yaml.safe_load(UNFIT))
def test_parts_that_do_not_fit_together_are_left_out_and_stop_a_run(section, values, key, reason):
    old = yaml.safe_load(OLD)
    old[section] |= values
    old["data"] |= {"window_size": 128}
    conversion = to_new([old])
    assert list(conversion.refused) == [key]
    assert reason in conversion.refused[key]
    TwoStageConfig.model_validate(conversion.document)
    assert same(to_old(conversion.document), [old])


def test_backbones_to_compare_that_do_not_fit_are_left_out():
    old = yaml.safe_load(OLD + BLOCKS.replace("B_08_PatchTST", "B_01_basic_transformer"))
    old["model"] |= {"num_heads": 7, "output_dim": 64}
    conversion = to_new([old])
    assert "backbones" not in conversion.document["stage_1"]
    (refusal,) = conversion.document["legacy"]["refused"]
    assert refusal["write"] == ["stage_1.backbones"]
    TwoStageConfig.model_validate(conversion.document)


@pytest.mark.parametrize(
    "sections",
    [
        {"data": {"unified_datasets": [["a"], "b"], "dataset_ids": [[1], 2]}},
        {"environment": {"wandb": True, "WANDB_MODE": []}},
    ],
)
def test_lists_in_the_place_of_names_are_kept(sections):
    old = yaml.safe_load(OLD + BLOCKS)
    for name, more in sections.items():
        old[name] |= more
    old["training"]["stage_2_finetuning"] = {
        "target_datasets": [["a"], "b"],
        "type": ["x"],
        "finetune_targets": [{"dataset_id": [1]}],
    }
    assert same(to_old(to_new([old]).document), [old])
