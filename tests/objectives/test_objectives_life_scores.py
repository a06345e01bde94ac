"""Scores of remaining life against values that are worked out by hand from the formulas of the literature."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from twostage.objectives.adapt.tasks.life_scores import nasa_score, phm2012_score, r2

ERRORS = st.lists(st.floats(-200, 200), min_size=1, max_size=8)


def column(*values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize(
    ("late", "score"),
    [
        ((0.0,), 0.0),
        ((10.0,), math.e - 1),
        ((-13.0,), math.e - 1),
        ((-10.0,), 1.1581),  # exp(10 / 13) - 1
        ((20.0, -26.0), 2 * 6.389056),  # twice e^2 - 1
    ],
)
def test_the_nasa_score_is_the_sum_over_units(late, score):
    assert float(nasa_score(column(*late))) == pytest.approx(score, abs=1e-4)


def test_no_nasa_score_is_infinite():
    assert math.isfinite(float(nasa_score(column(1e9, -1e9))))


@pytest.mark.parametrize(
    ("life", "late", "score"),
    [
        ((100.0,), (0.0,), 1.0),
        ((100.0,), (5.0,), 0.5),  # 5 percent late
        ((100.0,), (-20.0,), 0.5),  # 20 percent early
        ((200.0,), (20.0,), 0.25),  # 10 percent late
        ((50.0,), (-20.0,), 0.25),  # 40 percent early
        ((573.0, 339.0), (28.65, -67.8), 0.5),
        ((0.0, 100.0), (3.0, 5.0), 0.5),  # without any life left there is no percentage
    ],
)
def test_the_score_of_phm_2012_halves_with_every_5_percent_late_and_20_percent_early(life, late, score):
    assert float(phm2012_score(column(*life), column(*late))) == pytest.approx(score)


def test_the_score_of_phm_2012_needs_some_life():
    assert math.isnan(float(phm2012_score(column(0.0), column(1.0))))


@given(ERRORS)
def test_both_scores_are_their_formulas(late):
    life = [30.0 + 7.0 * place for place in range(len(late))]
    saxena = sum(math.exp(-d / 13) - 1 if d < 0 else math.exp(d / 10) - 1 for d in late)
    percent = [-100 * d / true for d, true in zip(late, life, strict=True)]
    accuracy = [math.exp(-math.log(0.5) * e / 5) if e <= 0 else math.exp(math.log(0.5) * e / 20) for e in percent]
    assert float(nasa_score(column(*late))) == pytest.approx(saxena, rel=1e-9, abs=1e-12)
    assert float(phm2012_score(column(*life), column(*late))) == pytest.approx(sum(accuracy) / len(late), rel=1e-9)


def test_r2_is_1_for_truth_0_for_the_mean_and_undefined_for_one_life():
    assert float(r2(column(1.0, 2.0, 3.0), column(0.0, 0.0, 0.0))) == 1.0
    assert float(r2(column(1.0, 2.0, 3.0), column(1.0, 0.0, -1.0))) == 0.0
    assert math.isnan(float(r2(column(2.0, 2.0), column(1.0, 0.0))))
