"""A converted document with something left out does not run."""

import pytest
from rigs import document

from twostage.api import TwoStageRun
from twostage.errors import TwoStageError

REFUSED = {"shape": "single", "refused": [{"key": "model.name", "reason": "there is no model 'ProtoNet' here"}]}


def test_a_document_that_leaves_something_out_is_refused_with_the_reason(rig, tmp_path):
    run = TwoStageRun({**document(rig, tmp_path / "save"), "legacy": REFUSED})
    with pytest.raises(TwoStageError, match=r"(?s)model\.name: there is no model 'ProtoNet' here.*legacy\.refused"):
        run.fit()
    assert not (tmp_path / "save").exists()


def test_a_carrier_without_refusals_stops_nothing(rig, tmp_path):
    carrier = {"shape": "single", "files": [{"kept": {"environment": {"WANDB_MODE": "disabled"}}}]}
    assert TwoStageRun({**document(rig, tmp_path / "save"), "legacy": carrier}).fit().stages


def test_a_preview_is_refused_as_the_run_is(rig, tmp_path):
    run = TwoStageRun({**document(rig, tmp_path / "save"), "legacy": REFUSED})
    with pytest.raises(TwoStageError, match="there is no model 'ProtoNet' here"):
        run.preview()


def test_an_entry_is_settled_once_all_that_it_asks_for_is_written(rig, tmp_path):
    entry = {**REFUSED["refused"][0], "write": ["model.embedding.kind", "model.backbone.kind"]}
    carrier = {"shape": "single", "refused": [entry]}
    written = document(rig, tmp_path / "save")
    half = {**written, "model": {"embedding": {"kind": "hse"}}}
    whole = {**written, "model": {"embedding": {"kind": "hse"}, "backbone": {"kind": "dlinear"}}}
    with pytest.raises(TwoStageError, match="ProtoNet"):
        TwoStageRun({**half, "legacy": carrier}).preview()
    assert TwoStageRun({**whole, "legacy": carrier}).preview()
