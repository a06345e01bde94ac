"""Law: any relevant change alters the key of a stage, no irrelevant one does. Keys are known before anything trains."""

from __future__ import annotations

import shutil

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs import document

from twostage import TwoStageRun, make_plan
from twostage.engine.planning import keys as keys_module
from twostage.engine.planning.keys import Keys
from twostage.engine.workshop import Workshop

PRETRAINED = "stage_2/seed-0/system-3/pretrained"
SCRATCH = "stage_2/seed-0/system-3/from_scratch"

BOTH = {
    "data.window.per_recording": 3,
    "data.window.length": 260,
    "data.batch_size": 8,
    "data.normalize": "none",
    "data.split.seed": 3,
    "model.embedding.dim": 8,
    "model.backbone.layers": 2,
    "model.backbone.dropout": 0.25,
    "trainer.gradient_clip": 1.0,
    "trainer.accumulate_batches": 2,
    "trainer.precision": "bf16-mixed",
    "seeds": [7],
}
FIRST = {
    "stage_1.epochs": 3,
    "stage_1.optimizer.lr": 0.5,
    "stage_1.scheduler.kind": "cosine",
    "stage_1.early_stopping.patience": 2,
    "stage_1.systems": [1],
    "stage_1.batch_size": 5,
}
SECOND = {
    "stage_2.epochs": 3,
    "stage_2.optimizer.kind": "sgd",
    "stage_2.freeze.embedding": True,
    "stage_2.batch_size": 5,
    "stage_2.early_stopping.patience": 2,
}
NONE = {
    "name": "another",
    "output.root": "elsewhere",
    "data.workers": 3,
    "stage_2.control": "none",
    "stage_2.repeats": 3,
}


def keys_of(rig, folder, *overrides):
    base = document(rig, folder, seeds=[0])
    base["stage_2"] |= {"control": "from_scratch"}
    config = TwoStageRun(base, overrides=overrides).config
    return {_plain(name): key for name, key in Keys(Workshop(config)).of(make_plan(config)).items()}


def _plain(name):
    return name.replace("seed-7", "seed-0").replace("/repeat-0", "")


def as_override(key, value):
    return f"{key}={str(value).replace('True', 'true')}"


@pytest.fixture(scope="module")
def usual(rig, tmp_path_factory):
    return keys_of(rig, tmp_path_factory.mktemp("save"))


@pytest.mark.parametrize(
    ("changes", "altered"),
    [
        (BOTH, {"stage_1/seed-0", PRETRAINED, SCRATCH}),
        (FIRST, {"stage_1/seed-0", PRETRAINED}),
        (SECOND, {PRETRAINED, SCRATCH}),
        (NONE, set()),
    ],
    ids=["both", "stage 1", "stage 2", "none"],
)
def test_a_change_alters_the_keys_of_what_depends_on_it(rig, tmp_path, usual, changes, altered):
    """A change of stage 1 alters what starts from it, and not the control."""
    for key, value in changes.items():
        changed = keys_of(rig, tmp_path, as_override(key, value))
        assert {name for name in changed if name in usual and changed[name] != usual[name]} == altered, key


@settings(max_examples=10)
@given(data=st.data())
def test_any_combination_alters_keys_as_its_parts_do(rig, tmp_path_factory, usual, data):
    chosen = data.draw(st.sets(st.sampled_from(sorted(FIRST.keys() | SECOND.keys() | NONE.keys())), min_size=1))
    changed = keys_of(
        rig, tmp_path_factory.getbasetemp(), *(as_override(k, (FIRST | SECOND | NONE)[k]) for k in chosen)
    )
    assert (changed["stage_1/seed-0"] != usual["stage_1/seed-0"]) == bool(chosen & FIRST.keys())
    assert (changed[PRETRAINED] != usual[PRETRAINED]) == bool(chosen & (FIRST.keys() | SECOND.keys()))
    if SCRATCH in changed:
        assert (changed[SCRATCH] != usual[SCRATCH]) == bool(chosen & SECOND.keys())


def test_a_sample_that_changes_alters_the_keys_of_the_stages_that_read_it(rig_copy, usual, tmp_path):
    with h5py.File(rig_copy / "RIG_3.h5", "a") as file:
        file["3000"][5] += 1.0
    changed = keys_of(rig_copy, tmp_path)
    assert {name for name in usual if changed[name] != usual[name]} == {PRETRAINED, SCRATCH}


def test_where_the_recordings_lie_and_when_they_were_written_does_not_count(rig, usual, tmp_path):
    moved = shutil.copytree(rig, tmp_path / "moved", copy_function=shutil.copyfile)
    assert keys_of(moved, tmp_path) == usual


def test_a_system_that_nothing_reads_does_not_count(rig_copy, usual, tmp_path):
    with (rig_copy / "metadata.csv").open("a") as file:
        file.write("9000,9,RIG_9,0,0,9-0-0,2000,2000,1\n")
    assert keys_of(rig_copy, tmp_path) == usual


@pytest.mark.parametrize("what", ["versions", "code_digest"])
def test_versions_and_code_count(rig, usual, tmp_path, monkeypatch, what):
    other = {"versions": lambda: {"torch": "0.1"}, "code_digest": lambda *_: "edited"}[what]
    monkeypatch.setattr(keys_module, what, other)
    changed = keys_of(rig, tmp_path)
    assert all(changed[name] != usual[name] for name in usual)


def test_keys_are_those_of_the_run(rig, tmp_path, usual):
    base = document(rig, tmp_path, seeds=[0])
    base["stage_2"] |= {"control": "from_scratch"}
    assert {result.name: result.key for result in TwoStageRun(base).fit().stages} == usual


def test_a_pretraining_is_trained_once_for_thirty_adaptations(rig, tmp_path):
    """Targets, shots, repeats: a grid over stage 2 has one stage 1, and another grid uses it again."""
    few = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1, "control": "none"}
    first = TwoStageRun(document(rig, tmp_path, stage_2=few | {"repeats": 2})).fit()
    more = TwoStageRun(document(rig, tmp_path, stage_2=few | {"repeats": 30})).status()
    assert [stage.state for stage in more.stages[:3]] == ["done"] * 3
    assert more.count("to do") == 28
    assert more.stages[0].key == first.stages[0].key
