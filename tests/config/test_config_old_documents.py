"""Which documents are read as old ones: those with the layout of the old project, and never a new one with a slip."""

from __future__ import annotations

import copy

import pytest
import strategies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twostage import TwoStageRun
from twostage.config.document import TwoStageConfig
from twostage.config.load import load_config, load_document
from twostage.config.old_documents import looks_old
from twostage.config.problems import DocumentError
from twostage.config.remarks import remarks
from twostage.errors import TwoStageError
from twostage.legacy.detect import detect

SECTIONS = {"data": {"data_dir": "data"}, "model": {"name": "M_01_ISFM"}, "task": {"type": "DG", "lr": 1e-3}}
NEW = {"stage_1": {"pretrain_mode": "contrastive"}}
OLD_KEYS = (
    "task",
    "environment",
    "dataset",
    "stages",
    "base_configs",
    "training",
    "pipeline_03",
    "stage_1_pretraining",
)


@pytest.mark.parametrize(
    "document",
    [
        SECTIONS,
        {"dataset": {}, "model": {}, "task": {}},
        SECTIONS | {"version": 1, "output": {}, "name": "x"},
        SECTIONS | {"task": "classification"},  # a section that is no mapping, beside others that are surely old
        {"stages": [{"name": "pretrain", "overrides": {"task.lr": 1}}]},
        {"stage_1": SECTIONS, "stage_2": SECTIONS},
        {"stage_1": {"task": {"type": "pretrain"}}, "data": {}, "model": {}},
        {"stage_2": {"data": {}, "model": {}}},
        {"pipeline_03": {"stage_1": {"epochs": 3}}},
        {"training": {"stage_2_finetuning": {"enabled": True}}},
        {"stage_1_pretraining": {"type": "unified_pretraining"}},
        {"base_configs": {"model": "configs/base/model.yaml"}, "task": {"lr": 1}},
    ],
)
def test_the_layouts_of_the_old_project_are_old(document):
    assert looks_old(document)
    assert detect(document).shape not in {None, "fragment"}


@pytest.mark.parametrize(
    "document",
    [
        {},
        None,
        [SECTIONS],
        SECTIONS | {"legacy": {"shape": "single"}},
        SECTIONS | NEW,
        SECTIONS | {"stage_2": {"epochs": 3}},
        {"model": {}, "task": {}},
        {"stage_2": {"targets": [{"system": 2}], "task": {}, "model": {}}},
        {"stage_2": {"adapt_mode": "finetune"}, "training": {"stage_1": {"epochs": 3}}},
        {"training": {"stage_1": {"pretrain_mode": "contrastive"}}},
        {"stages": [{"pretrain_mode": "contrastive"}]},
        {"stages": 2},
        {"base_configs": ["a.yaml"]},
        {"training": {"epochs": 3}},
    ],
)
def test_what_has_a_stage_of_ours_or_only_a_part_of_the_old_layout_is_not_old(document):
    assert not looks_old(document)


@pytest.mark.parametrize("key", OLD_KEYS)
@pytest.mark.parametrize("value", [{"stage_1": {"epochs": 3}, "type": "DG"}, "classification", [{"name": "a"}]])
def test_a_key_of_the_old_project_in_a_new_document_is_an_unknown_key(key, value, tmp_path):
    """Beside data and model as well, which both projects have."""
    document = NEW | {"data": {"batch_size": 4}, "model": {}, key: value}
    file = tmp_path / "a.yaml"
    file.write_text(str(document), encoding="utf-8")

    for source in (document, file):
        with pytest.raises(DocumentError) as caught:
            load_document(source)
        (problem,) = caught.value.problems
        assert (problem.key, problem.code, problem.message) == (key, "unknown_key", "unknown key")


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.documents(), st.sampled_from(OLD_KEYS), st.sampled_from(strategies.ANYTHING))
def test_no_new_document_looks_old(document, key, value):
    assert not looks_old(document)
    assert not looks_old(document | {key: value})


def test_an_old_document_is_read_where_a_new_one_is_expected(tmp_path):
    document = copy.deepcopy(SECTIONS) | {"trainer": {"num_epochs": 7}}
    file = tmp_path / "old.yaml"
    file.write_text("data: {data_dir: data}\nmodel: {name: M_01_ISFM}\ntask: {type: DG, lr: 1e-3}\n", encoding="utf-8")

    assert load_config(document).stage_2.epochs == 7
    loaded = load_document(file)
    assert loaded.config.stage_2.adapt_mode == "finetune"
    assert loaded.config.legacy.shape == "single"
    assert "is an old document of shape single" in loaded.notes[0]


@pytest.mark.parametrize(
    "written",
    [
        {"data": {"data_dir": "x"}},
        {"environment": {"seed": 1}, "trainer": {"gpus": 1}},
        {"name": "Default_trainer", "num_epochs": 3},
    ],
)
def test_a_part_of_an_old_document_is_taken_and_does_not_run(written):
    config = TwoStageConfig.model_validate(written)
    assert config.is_part
    assert "this is a part of a document and has no stage: it does not run by itself" in list(remarks(config))
    with pytest.raises(TwoStageError, match="this is a part of a document; to run it write stage_1 or stage_2"):
        TwoStageRun(config).fit()
