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
