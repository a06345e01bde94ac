"""Variants: each is a document of its own that must hold, with values as they were written."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twostage.config.document import TwoStageConfig
from twostage.config.load import load_config, load_document
from twostage.config.lock import lock_text
from twostage.config.problems import DocumentError
from twostage.config.stage_1 import ContrastiveConfig
from twostage.config.variant import Variant
from twostage.config.variants import variants_of

PLAIN = {
    "data": {"window": {"placement": "sequential", "length": 512, "stride": 100}},
    "stage_1": {"pretrain_mode": "contrastive", "systems": [1], "epochs": 3},
    "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 2}]},
}


def expanded(*variants, **changes):
    config = TwoStageConfig.model_validate(PLAIN | {"variants": list(variants)} | changes)
    return dict(variants_of(config))


def refusal(*variants):
    with pytest.raises(DocumentError) as caught:
        load_config(PLAIN | {"variants": list(variants)})
    (problem,) = caught.value.problems
    return problem.key, problem.message


def test_a_plain_document_is_its_only_variant():
    config = TwoStageConfig.model_validate(PLAIN)
    assert variants_of(config) == [(None, config)]


def test_each_variant_is_the_document_with_its_keys_set():
    found = expanded(
        {"name": "long", "set": {"data.window.length": 1024, "stage_2.targets[0].system": 3}},
        {"name": "slow", "set": {"stage_1": {"epochs": 9}, "stage_1.optimizer.kind": "sgd"}},
        {"name": "base"},
    )
    assert list(found) == ["long", "slow", "base"]
    assert (found["long"].data.window.length, found["long"].stage_2.targets[0].system) == (1024, 3)
    assert (found["slow"].stage_1.epochs, found["slow"].stage_1.optimizer.kind) == (9, "sgd")
    assert found["slow"].stage_1.optimizer.lr == 1e-2  # of the new kind, not of the old one
    assert found["base"] == TwoStageConfig.model_validate(PLAIN)
    assert all(config.variants is None for config in found.values())


@given(st.integers(1, 10**6) | st.floats(1e-9, 10.0))
def test_values_keep_their_type(value):
    (config,) = expanded(
        {"name": "x", "set": {"stage_1.optimizer.lr": value, "stage_1.optimizer.kind": "adam"}}
    ).values()
    assert config.stage_1.optimizer.lr == value


def test_what_the_document_leaves_open_follows_the_variant():
    """mode was not written: it follows from the monitor that the variant sets."""
    (config,) = expanded({"name": "f1", "set": {"stage_2.checkpoint.monitor": "validation/loss"}}).values()
    assert config.stage_2.checkpoint.mode == "min"


def test_sections_made_in_python_have_variants_too():
    stage_1 = ContrastiveConfig(systems=(1,), epochs=2)
    config = TwoStageConfig(stage_1=stage_1, variants=(Variant(name="x", set={"stage_1.epochs": 5}),))
    ((_, found),) = variants_of(config)
    assert found.stage_1 == ContrastiveConfig(systems=(1,), epochs=5)


def test_another_kind_is_told_with_what_it_leaves_behind(tmp_path):
    text = "stage_1: {pretrain_mode: contrastive}\ndata: {window: {placement: sequential, length: 512, stride: 64}}\n"
    text += "variants: [{name: few, set: {data.window: {placement: random, per_recording: 3}}}]\n"
    (tmp_path / "run.yaml").write_text(text, encoding="utf-8")
    loaded = load_document(tmp_path / "run.yaml")
    told = "data.window becomes placement random instead of sequential (the document)"
    assert loaded.notes == (f"variant few: {told}, so its other keys there are left out: length, stride",)
    assert load_config(_lock(tmp_path, loaded)) == loaded.config


def _lock(folder, loaded):
    path = folder / "lock.yaml"
    path.write_text(lock_text(loaded), encoding="utf-8")
    return path


def test_an_unknown_key_names_the_variant_the_key_and_the_nearest_one():
    loc, message = refusal({"name": "ok"}, {"name": "long", "set": {"data.window.lenght": 1024}})
    assert loc == "variants[1].set"
    assert message == "variant long: data.window.lenght: unknown key (did you mean length?)"


def test_a_bad_value_names_the_variant_and_the_key():
    _, message = refusal({"name": "x", "set": {"data.batch_size": 8.5}})
    assert message == "variant x: data.batch_size: expected a whole number of at least 1, found 8.5"


def test_a_rule_that_a_variant_breaks_is_told():
    _, message = refusal({"name": "x", "set": {"stage_1.scheduler": {"kind": "cosine", "minimum": 0.5}}})
    assert message == (
        "variant x: stage_1: scheduler.minimum (0.5) must be less than optimizer.lr (0.001) (set by stage_1.scheduler)"
    )


def test_a_list_item_that_is_not_there_is_told():
    _, message = refusal({"name": "x", "set": {"stage_2.targets.1.system": 3}})
    assert "expected the index of a list item (0 to 0), found 1" in message


def test_a_mistake_in_a_file_has_its_line(tmp_path):
    text = "stage_1: {pretrain_mode: contrastive}\nvariants:\n  - name: a\n  - name: b\n    set: {data.batchsize: 3}\n"
    (tmp_path / "run.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load_config(tmp_path / "run.yaml")
    (problem,) = caught.value.problems
    assert (problem.line, problem.key) == (5, "variants[1].set")
    assert "variant b: data.batchsize: unknown key (did you mean batch_size?)" in problem.message


def test_a_relative_path_of_a_variant_starts_at_its_file(tmp_path):
    text = "stage_1: {pretrain_mode: contrastive}\ndata: {source: {kind: phm_vibench, root: a}}\n"
    text += "variants: [{name: x, set: {data.source.root: b}}, {name: y, set: {data: {source: {root: c}}}}]\n"
    (tmp_path / "run.yaml").write_text(text, encoding="utf-8")
    roots = [config.data.source.root for _, config in variants_of(load_config(tmp_path / "run.yaml"))]
    assert roots == [str(tmp_path / "b"), str(tmp_path / "c")]


@pytest.mark.parametrize("name", ["", "a/b", "..", "a b", ".a", "a.", "x" * 65, "ä"])
def test_a_name_is_usable_as_a_folder(name):
    with pytest.raises(ValidationError):
        Variant(name=name)


def test_names_are_distinct_on_every_file_system():
    _, message = refusal({"name": "a"}, {"name": "A"})
    assert "two variants are called a" in message


@pytest.mark.parametrize("key", ["output.root", "name", "variants", "variants[0].name", "version"])
def test_what_a_run_has_once_cannot_vary(key):
    _, message = refusal({"name": "x", "set": {key: "y"}})
    assert f"set names {key}, which is the same for all variants of a run" in message


@pytest.mark.parametrize("key", ["", "data..x", "data.", "a b", "data=3"])
def test_a_key_is_dotted(key):
    _, message = refusal({"name": "x", "set": {key: 1}})
    assert "no dotted key such as data.batch_size" in message


def test_what_is_remembered_of_an_old_file_is_no_part_of_a_variant():
    carrier = {"shape": "single", "files": [{"kept": {"task": {"margin": math.inf}}}]}
    config = TwoStageConfig.model_validate(
        {"stage_1": {"pretrain_mode": "contrastive"}, "variants": [{"name": "x"}], "legacy": carrier}
    )
    ((_, document),) = variants_of(config)
    assert document.legacy == config.legacy
