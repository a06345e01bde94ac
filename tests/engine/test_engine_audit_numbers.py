"""Paired differences, their intervals, and what is said of them, from metrics that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from twostage.config.document import TwoStageConfig
from twostage.engine.outcome.audit import audit
from twostage.engine.planning.plan import AdaptStage, make_plan


def stages(**changes):
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}]} | changes.pop("stage_2", {})
    document = {"stage_1": {"pretrain_mode": "contrastive", "systems": [1]}, "stage_2": stage_2} | changes
    config = TwoStageConfig.model_validate(document)
    return [stage for stage in make_plan(config).stages if isinstance(stage, AdaptStage)]


def measured(scores, metric="macro_f1", **changes):
    """``scores`` gives one value for each seed (or repeat) by start."""
    values = {start: iter(each) for start, each in scores.items()}
    tested = [(stage, next(values[stage.variant])) for stage in stages(**changes) if stage.variant in values]
    return audit((stage, {f"test/{metric}/3": value, "test/windows/3": 24.0}) for stage, value in tested)


def codes(found):
    return {each.control: each.code for each in found.comparisons}


SHARES = st.lists(st.tuples(*[st.floats(0, 1, width=16)] * 2), min_size=2, max_size=6)


@given(SHARES)
def test_intervals_are_those_of_a_paired_t_test(pairs):
    ours, control = (list(column) for column in zip(*pairs, strict=True))
    (found,) = measured({"pretrained": ours, "from_scratch": control}, seeds=list(range(len(pairs)))).comparisons
    differences = np.subtract(ours, control)
    assert found.difference == pytest.approx(differences.mean(), abs=1e-12)
    assert (found.pairs, found.over) == (len(pairs), "seeds")
    if np.ptp(differences) > 1e-9:
        expected = ttest_rel(ours, control).confidence_interval(0.95)
        assert found.interval == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_one_seed_has_no_interval_and_proves_nothing():
    found = measured({"pretrained": [0.9], "from_scratch": [0.5], "untrained": [0.4], "trivial": [0.9]})
    assert all(each.interval is None for each in found.comparisons)
    assert codes(found) == {"from_scratch": "gain-unproven", "untrained": None, "trivial": "trivial-as-good"}
    assert [each.control for each in found.warnings] == ["from_scratch", "trivial"]


def test_pretraining_that_hurts_is_named():
    found = measured({"pretrained": [0.4, 0.5], "from_scratch": [0.5, 0.5]}, seeds=[0, 1])
    (comparison,) = found.warnings
    assert comparison.code == "negative-transfer"
    assert comparison.message.startswith(
        "system 3: macro_f1 of the pretrained encoder is 5.0 points worse than that of training from scratch (95 % "
    )


def test_a_gain_beyond_doubt_needs_no_word():
    scores = {"pretrained": [0.90, 0.91, 0.92], "from_scratch": [0.50, 0.52, 0.51]}
    scores |= {"untrained": [0.3, 0.8, 0.95], "trivial": [0.1, 0.1, 0.1]}
    found = measured(scores, seeds=[0, 1, 2])
    assert codes(found) == {"from_scratch": None, "untrained": "untrained-as-good", "trivial": None}


def test_errors_are_better_where_they_are_smaller():
    tasks = {"adapt_mode": "multitask", "tasks": {"rul_prediction": {}}}
    scores = {"pretrained": [4.0, 5.0], "from_scratch": [6.0, 7.5]}
    (found,) = measured(scores, "rul_prediction/rmse", seeds=[0, 1], stage_2=tasks).comparisons
    assert found.difference == 2.25
    assert found.result == 4.5
    assert found.control_result == 6.75


def test_repeats_of_a_seed_are_one_pair_unless_there_is_one_seed():
    scores = {"pretrained": [0.8, 0.6, 0.7, 0.7], "from_scratch": [0.5, 0.5, 0.5, 0.4]}
    several = measured(scores, seeds=[0, 1], stage_2={"repeats": 2}).comparisons[0]
    assert (several.pairs, several.over) == (2, "seeds")
    assert several.difference == pytest.approx(0.225)
    alone = measured(scores, stage_2={"repeats": 4}).comparisons[0]
    assert (alone.pairs, alone.over) == (4, "repeats")


def test_without_pretraining_the_training_from_scratch_is_audited():
    found = measured({"from_scratch": [0.7], "untrained": [0.8], "trivial": [0.6]}, stage_1=None)
    assert {each.adaptation for each in found.comparisons} == {"from_scratch"}
    assert codes(found) == {"untrained": "untrained-as-good", "trivial": None}


def test_what_is_compared_never_crosses_targets_and_shots():
    both = {"targets": [{"system": 3}, {"systems": [3, 4]}]}
    found = measured({"pretrained": [0.9, 0.5], "from_scratch": [0.5, 0.9]}, stage_2=both)
    assert [(each.systems, round(each.difference, 6)) for each in found.comparisons] == [((3,), 0.4), ((3, 4), -0.4)]
    assert found.comparisons[1].message.startswith("system 3 of 3 4: ")


def test_stages_that_did_not_run_are_left_out():
    assert measured({"pretrained": [0.9]}).comparisons == ()
    assert measured({"trivial": [0.9]}).comparisons == ()
