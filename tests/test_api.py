"""The Python interface: one document in every form, overrides, and names that are found when first used."""

from __future__ import annotations

import json

import pytest
from rigs import document

import twostage
from twostage import TwoStageConfig, TwoStageError, TwoStageRun, load_config, make_plan, run_complete, run_pipeline
from twostage.config.load import load_document

SHORT = {
    "stage_1": {"pretrain_mode": "contrastive", "systems": [1, 2], "epochs": 1},
    "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1, "control": "none"},
}


@pytest.fixture
def mapping(rig, tmp_path):
    return document(rig, tmp_path / "save", **SHORT)


@pytest.fixture
def forms(mapping, tmp_path):
    """One document as mapping, path, text of a path, model, and loaded document."""
    file = tmp_path / "document.yaml"
    file.write_text(json.dumps(mapping), encoding="utf-8")
    model = TwoStageConfig.model_validate(mapping)
    return {"mapping": mapping, "path": file, "text": str(file), "model": model, "loaded": load_document(file)}


def test_a_document_in_any_form_is_the_same_run(forms):
    for form, cfg in forms.items():
        run = TwoStageRun(cfg)
        assert run.config == forms["model"], form
        assert [stage.name for stage in run.plan().stages] == ["stage_1/seed-0", "stage_2/seed-0/system-3/pretrained"]
        if form != "loaded":
            assert load_config(cfg) == forms["model"], form


def test_a_document_in_any_form_gives_the_same_bits(forms):
    summaries = [TwoStageRun(cfg, fresh=True).fit() for cfg in forms.values()]
    first = [result.digest for result in summaries[0].stages]
    assert all([result.digest for result in summary.stages] == first for summary in summaries)
    assert len({summary.directory for summary in summaries}) == 1, "it is one run"


def test_overrides_and_the_local_file_apply_to_every_form(forms, tmp_path):
    local = tmp_path / "local.yaml"
    local.write_text("data: {batch_size: 7}\nname: local\n", encoding="utf-8")
    for form in ("mapping", "path", "model"):
        config = TwoStageRun(forms[form], overrides=["name=chosen"], local=local).config
        assert (config.name, config.data.batch_size) == ("chosen", 7), form


def test_a_loaded_document_takes_no_more_overrides(forms):
    """They would be dropped in silence."""
    with pytest.raises(TypeError, match="overrides"):
        TwoStageRun(forms["loaded"], overrides=["name=late"])


def test_run_pipeline_is_fit(mapping, tmp_path):
    summary = run_pipeline(mapping, overrides=["stage_1=null", f"output.root={tmp_path / 'elsewhere'}"])
    assert summary.directory.is_relative_to(tmp_path / "elsewhere")
    assert [result.name for result in summary.stages] == ["stage_2/seed-0/system-3/from_scratch"]
    with pytest.raises(KeyError):
        summary.stage("stage_1/seed-0")


def test_a_complete_run_needs_both_stages(mapping, tmp_path):
    for number in (1, 2):
        with pytest.raises(TwoStageError, match=f"the document has no stage_{number}"):
            run_complete(mapping | {f"stage_{number}": None})
    assert not (tmp_path / "save").exists()


def test_a_mistake_is_a_sentence_and_not_a_traceback_of_pydantic(mapping):
    with pytest.raises(TwoStageError, match="nmae: unknown key"):
        TwoStageRun(mapping | {"nmae": "typo"})
    with pytest.raises(TwoStageError, match="there is no such file"):
        TwoStageRun("nowhere.yaml")


def test_preview_writes_nothing(mapping, tmp_path):
    previews = TwoStageRun(mapping).preview()
    assert [stage.name for stage in previews] == [stage.name for stage in make_plan(load_config(mapping)).stages]
    assert previews[0].windows == (144, 48, 48)
    assert previews[0].parameters == previews[0].trained > 0
    assert not (tmp_path / "save").exists()


def test_every_public_name_is_found_and_listed():
    assert dir(twostage) == sorted(twostage.__all__)
    for name in twostage.__all__:
        assert getattr(twostage, name) is not None
    with pytest.raises(AttributeError, match="module 'twostage' has no attribute 'TwoStageRum'"):
        _ = twostage.TwoStageRum
