"""Rules of few-shot documents: no key without an effect, and a lock that loads again."""

from __future__ import annotations

import pytest

from twostage.config.episode_rules import MOST_DOMAINS, classes_of_rig
from twostage.config.load import load_config, load_document, load_text
from twostage.config.lock import lock_text
from twostage.config.problems import DocumentError
from twostage.data.sources.synthetic.rigs import DESIGNS


def document(**stage_2):
    return {"stage_2": {"adapt_mode": "fewshot", "targets": [{"system": 2}]} | stage_2}


def refused(**stage_2):
    with pytest.raises(DocumentError) as caught:
        load_config(document(**stage_2))
    (problem,) = caught.value.problems
    assert problem.key.startswith("stage_2")
    return problem.message


def test_defaults():
    stage = load_config(document()).stage_2
    assert (stage.method.kind, stage.method.distance, stage.method.temperature) == ("prototypical", "euclidean", 1.0)
    assert (stage.ways, stage.shots, stage.queries) == (None, (1,), 15)
    assert (stage.episodes, stage.episodes_per_epoch) == (100, 100)
    assert (stage.support_unit, stage.systems_per_episode, stage.domains_per_episode) == ("bearing", None, None)
    assert (stage.checkpoint.monitor, stage.checkpoint.mode) == ("validation/accuracy", "max")
    assert stage.trains


@pytest.mark.parametrize(
    ("method", "temperature"),
    [
        ({"kind": "prototypical", "distance": "cosine"}, 0.1),
        ({"kind": "matching"}, 0.1),
        ({"kind": "matching", "distance": "dot"}, 1.0),
        ({"kind": "matching", "distance": "euclidean"}, 1.0),
        ({"kind": "matching", "temperature": 0.5}, 0.5),
    ],
)
def test_cosines_are_sharpened_unless_the_document_says_how(method, temperature):
    assert load_config(document(method=method)).stage_2.method.temperature == temperature


@pytest.mark.parametrize("kind", ["neighbours", "linear_probe", "finetune"])
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 10),
        ("optimizer", {"kind": "adamw"}),
        ("scheduler", {"kind": "constant"}),
        ("checkpoint", {"monitor": "validation/accuracy"}),
        ("early_stopping", None),
        ("episodes_per_epoch", 100),
    ],
)
def test_keys_of_a_training_are_refused_where_nothing_trains(kind, key, value):
    """Also where the value is the default: what is written is what runs."""
    message = refused(method={"kind": kind}, **{key: value})
    assert message == f"{key} would have no effect: no episode trains the encoder (method {kind} does not train it)"


def test_prototypes_of_a_frozen_encoder_train_nothing():
    frozen = {"embedding": True, "backbone": True}
    assert not load_config(document(freeze=frozen)).stage_2.trains
    assert "epochs would have no effect: no episode trains the encoder (freeze keeps all of it)" in refused(
        freeze=frozen, epochs=3
    )


@pytest.mark.parametrize("kind", ["neighbours", "linear_probe"])
def test_freezing_what_never_trains_is_refused(kind):
    message = refused(method={"kind": kind}, freeze={"backbone": True})
    assert message == f"freeze would have no effect: method {kind} does not train the encoder"


def test_finetuning_of_episodes_may_freeze():
    stage = load_config(document(method={"kind": "finetune"}, freeze={"embedding": True})).stage_2
    assert not stage.trains


def test_shots_are_distinct_and_ways_at_least_two():
    assert refused(shots=[1, 5, 1]) == "shots names one number twice"
    assert "2" in refused(ways=1)
    assert "1" in refused(shots=[])


def test_more_voters_than_shots_are_refused():
    message = refused(method={"kind": "neighbours", "neighbours": 3}, shots=[5, 1])
    assert message.startswith("method.neighbours (3) is more than shots (1)")


def test_an_episode_is_a_batch():
    assert refused(batch_size=8).startswith("batch_size would have no effect")


def test_without_a_training_no_validation_part_is_needed():
    split = {"unit": "bearing", "train": 0.5, "validation": 0.0, "test": 0.5}
    load_config(document(method={"kind": "linear_probe"}, split=split))
    with pytest.raises(DocumentError, match="has no validation part"):
        load_config(document(split=split))


def test_held_out_systems_need_no_shared_head():
    split = {"unit": "system", "test_systems": [5]}
    config = load_config(document(targets=[{"systems": [2, 5]}], split=split))
    assert config.stage_2.head_share is None


@pytest.mark.parametrize("method", [{"kind": "neighbours"}, {"kind": "matching", "distance": "dot"}])
def test_a_lock_gives_an_equal_config(method):
    loaded = load_document(document(method=method, shots=[1, 5]))
    text = lock_text(loaded)
    assert load_text(text, "lock").config == loaded.config
    assert ("epochs:" in text) == loaded.config.stage_2.trains


@pytest.mark.parametrize(
    ("stage_2", "source", "told"),
    [
        ({"ways": 5}, {}, "stage_2.ways is 5, but the simulated rig 2 has 4 classes"),
        ({"systems_per_episode": 2}, {}, "stage_2.systems_per_episode is 2, but a target names 1 system"),
        ({"domains_per_episode": 3}, {"domains": 2}, "at most 2 operating conditions"),
        ({"shots": [1, 4000]}, {}, r"stage_2.shots (4000) and stage_2.queries (15) are 4015 windows of each class"),
        ({"queries": 700}, {"bearings_per_class": 1}, "holds at most 640 of a class"),
        ({}, {"bearings_per_class": 1}, "need 6 of them, but data.source makes 3"),
    ],
)
def test_episodes_that_the_simulated_rigs_cannot_fill_are_told(stage_2, source, told):
    """Shots beyond the support, and other numbers that the document alone shows to be too large."""
    data = {"source": {"kind": "synthetic"} | source, "split": {"unit": "bearing"}}
    if "queries" in stage_2:
        data["split"] = {"unit": "recording"}
    with pytest.raises(DocumentError) as caught:
        load_config({"data": data} | document(**stage_2))
    assert told in str(caught.value)


def test_the_numbers_of_the_simulated_rigs_are_those_of_their_designs():
    assert {system: classes_of_rig(system) for system in DESIGNS} == {n: len(rig.faults) for n, rig in DESIGNS.items()}
    assert max(len(rig.conditions) for rig in DESIGNS.values()) == MOST_DOMAINS
    assert (classes_of_rig(12), classes_of_rig(13)) == (classes_of_rig(6), classes_of_rig(1))


@pytest.mark.parametrize(
    ("monitor", "fits"), [("validation/accuracy/2", True), ("validation/accuracy/3", False), ("train/loss", True)]
)
def test_a_monitor_is_one_that_is_logged(monitor, fits):
    if fits:
        assert load_config(document(checkpoint={"monitor": monitor})).stage_2.checkpoint.monitor == monitor
    else:
        assert f"checkpoint.monitor {monitor} is never logged" in refused(checkpoint={"monitor": monitor})
