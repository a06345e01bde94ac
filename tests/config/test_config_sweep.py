"""A sweep is the product of its axes; points that leave stage 1 alone share its pretraining."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.config.document import TwoStageConfig
from twostage.config.load import load_config, load_document
from twostage.config.lock import lock_text
from twostage.config.problems import DocumentError
from twostage.config.variants import _expand_whole, count_stages, expansions, variants_of
from twostage.engine.planning.plan import AdaptStage, make_plan

PLAIN = {
    "stage_1": {"pretrain_mode": "contrastive", "systems": [1], "epochs": 3},
    "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 2}], "control": "none"},
}
LR = {"kind": "grid", "name": "lr", "key": "stage_2.optimizer.lr", "values": [1e-4, 1e-3, 1e-2]}
EPOCHS = {"kind": "grid", "name": "epochs", "key": "stage_2.epochs", "values": list(range(1, 11))}
DIM = {"kind": "grid", "name": "dim", "key": "model.embedding.dim", "values": [32, 64]}
FROZEN = {"name": "frozen", "set": {"stage_2.freeze.backbone": True, "stage_2.epochs": 3}}
TUNING = {"kind": "list", "name": "tuning", "entries": [{"name": "all"}, FROZEN]}


def swept(*axes, **changes):
    return TwoStageConfig.model_validate(PLAIN | {"sweep": list(axes)} | changes)


def refusal(*axes, **changes):
    with pytest.raises(DocumentError) as caught:
        load_config(PLAIN | {"sweep": list(axes)} | changes)
    return [(problem.key, problem.message) for problem in caught.value.problems]


def test_every_value_of_one_axis_meets_every_value_of_the_others():
    found = dict(variants_of(swept(LR, TUNING)))
    assert list(found) == [f"lr-{lr}_tuning-{how}" for lr in ("0.0001", "0.001", "0.01") for how in ("all", "frozen")]
    config = found["lr-0.001_tuning-frozen"]
    assert (config.stage_2.optimizer.lr, config.stage_2.freeze.backbone, config.stage_2.epochs) == (1e-3, True, 3)
    assert config.sweep is None


@pytest.mark.parametrize("axis", [LR, DIM, TUNING, {"kind": "seeds", "count": 2}], ids=lambda axis: axis["kind"])
def test_a_point_is_what_the_whole_document_would_be_and_shares_what_it_leaves_alone(axis):
    config = swept(axis)
    for expansion in expansions(config):
        assert expansion == _expand_whole(config, expansion.point)
        assert (expansion.document.stage_1, expansion.document.trainer) == (config.stage_1, config.trainer)
        assert expansion.document.stage_1 is config.stage_1


def test_seeds_are_those_of_every_point_and_no_part_of_its_name():
    found = dict(variants_of(swept(DIM, {"kind": "seeds", "count": 3, "first": 5})))
    assert {name: config.seeds for name, config in found.items()} == {"dim-32": (5, 6, 7), "dim-64": (5, 6, 7)}
    ((name, config),) = variants_of(swept({"kind": "seeds", "count": 2}))
    assert (name, config.seeds) == (None, (0, 1))


def test_variants_meet_every_point():
    variants = [{"name": "short", "set": {"data.window.length": 512}}, {"name": "long"}]
    assert [name for name, _ in variants_of(swept(DIM, variants=variants))] == [
        f"{variant}_dim-{dim}" for variant in ("short", "long") for dim in (32, 64)
    ]


def test_thirty_adaptations_start_from_one_pretraining():
    config = swept(LR, EPOCHS)
    first, *others = make_plan(config).stages
    assert first.name == "stage_1/seed-0"
    assert len(others) == 30
    assert all(isinstance(stage, AdaptStage) and stage.source == first.name for stage in others)
    assert count_stages(config) == {"pretrainings": 1, "adaptations": 30}


def test_a_pretraining_is_named_by_the_axes_that_change_it():
    stages = make_plan(swept(LR, DIM)).stages
    pretrainings = [stage.name for stage in stages if not isinstance(stage, AdaptStage)]
    assert pretrainings == ["stage_1/variant-dim-32/seed-0", "stage_1/variant-dim-64/seed-0"]
    for stage in stages:
        if isinstance(stage, AdaptStage):
            dim = stage.config.model.embedding.dim
            assert stage.source == f"stage_1/variant-dim-{dim}/seed-0"


def axis_of(key, values):
    return {"kind": "grid", "name": key.rsplit(".", 1)[-1], "key": key, "values": values}


@pytest.mark.parametrize(
    ("axis", "stage_1", "pretrainings"),
    [
        (axis_of("stage_2.targets", [[{"system": 2}], [{"system": 3}]]), {}, 1),
        (axis_of("stage_2.targets", [[{"system": 2}], [{"system": 3}]]), {"systems": None}, 2),
        (axis_of("stage_2.targets", [[{"system": 2}], [{"system": 3}]]), {"systems": [1, 2]}, 2),
        (axis_of("stage_2.batch_size", [8, 16]), {"systems": [1, 2]}, 1),
        (axis_of("stage_2.window.length", [512, 2048]), {"split": {"unit": "time"}}, 2),
        (axis_of("stage_2.window.length", [512, 2048]), {}, 1),
        (axis_of("stage_1.epochs", [1, 2]), {}, 2),
        (axis_of("data.batch_size", [8, 16]), {}, 2),
        (axis_of("trainer.gradient_clip", [None, 1.0]), {}, 2),
    ],
)
def test_points_share_a_pretraining_where_nothing_it_depends_on_changes(axis, stage_1, pretrainings):
    stage_2 = PLAIN["stage_2"] | {"window": {"placement": "random", "length": 1024, "per_recording": 4}}
    config = swept(axis, stage_1=PLAIN["stage_1"] | stage_1, stage_2=stage_2)
    assert count_stages(config)["pretrainings"] == pretrainings
    assert sum(not isinstance(stage, AdaptStage) for stage in make_plan(config).stages) == pretrainings


@given(st.lists(st.sampled_from([LR, EPOCHS, DIM, TUNING | {"entries": [{"name": "all"}]}]), min_size=1, max_size=3))
def test_names_are_distinct_and_the_count_is_that_of_the_plan(axes):
    axes = list({axis["name"]: axis for axis in axes}.values())
    config = swept(*axes)
    stages = make_plan(config).stages
    assert len({stage.name for stage in stages}) == len(stages) == sum(count_stages(config).values())


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([True, None, -0.5], ["true", "null", "-0.5"]),
        ([[1, 2], [3]], ["1-2", "3"]),
        ([{"kind": "sgd", "lr": 0.1}, {"kind": "sgd"}, {"kind": "adam"}], ["sgd-1", "sgd-2", "adam"]),
        ([[{"system": 2}], {"a": 1, "b": 2}], ["system-2", "2"]),
        (["a/b c", "x" * 40], ["a-b-c", "2"]),
    ],
)
def test_values_have_short_labels_that_a_folder_can_have(values, labels):
    axis = swept(DIM).sweep[0].model_copy(update={"values": tuple(values)})
    assert [label for label, _ in axis.settings] == labels


def test_a_bad_value_is_told_once_with_its_axis_and_its_point():
    ((key, message),) = refusal(TUNING, LR | {"values": [1e-3, -1.0]})
    assert key == "sweep[1].values[1]"
    assert message == ("point tuning-all_lr--1.0: stage_2.optimizer.lr: expected a number more than 0, found -1.0")


def test_an_unknown_key_names_the_nearest():
    ((key, message), *_) = refusal(LR | {"key": "stage_2.optimizer.rl"})
    assert key == "sweep[0].values[0]"
    assert message == "point lr-0.0001: stage_2.optimizer.rl: unknown key (did you mean lr?)"


@pytest.mark.parametrize(
    ("axes", "changes", "told"),
    [
        ((LR, LR), {}, "two axes are called lr"),
        ((LR, LR | {"name": "rate"}), {}, "axes lr and rate both set stage_2.optimizer.lr"),
        ((LR, LR | {"name": "o", "key": "stage_2.optimizer", "values": [{}]}), {}, "axes lr and o both set"),
        ((EPOCHS, TUNING), {}, "axes epochs and tuning both set stage_2.epochs"),
        ((LR | {"values": [1, 1]},), {}, "axis lr has the value 1 twice"),
        ((LR | {"key": "output.root"},), {}, "key names output.root, which is the same for all variants of a run"),
        (({"kind": "seeds", "count": 2},), {"seeds": [1]}, "seeds has no effect beside an axis of seeds"),
        ((LR,), {"variants": [{"name": "x", "set": {"stage_2.optimizer.lr": 1.0}}]}, "variant x and axis lr of sweep"),
    ],
)
def test_axes_that_undo_one_another_are_refused(axes, changes, told):
    assert any(told in message for _, message in refusal(*axes, **changes))


def test_the_lock_of_a_sweep_loads_to_an_equal_config(tmp_path):
    loaded = load_document(PLAIN | {"sweep": [LR, TUNING, {"kind": "seeds", "count": 2}]})
    (tmp_path / "lock.yaml").write_text(lock_text(loaded), encoding="utf-8")
    assert load_config(tmp_path / "lock.yaml") == loaded.config
