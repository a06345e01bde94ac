"""Label smoothing where windows differ in the number of their classes."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from twostage.objectives.smoothing import smoothed_cross_entropy

WINDOWS = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4)), min_size=1, max_size=6)


def drawn(windows, width=5):
    """Logits of windows with 1 to 5 classes, and a label that each of them has."""
    logits_BK = torch.randn(len(windows), width, dtype=torch.float64)
    for logits_K, (count, _) in zip(logits_BK, windows, strict=True):
        logits_K[count:] = -torch.inf
    return logits_BK, torch.tensor([label % count for count, label in windows])


def slow(logits_K, label, smoothing):
    """Of the classes that exist alone, in plain numbers."""
    exist = [value for value in logits_K.tolist() if value > -math.inf]
    total = math.log(sum(math.exp(value) for value in exist))
    target = [smoothing / len(exist) + (1 - smoothing) * (k == label) for k in range(len(exist))]
    return sum(share * (total - value) for share, value in zip(target, exist, strict=True))


@given(WINDOWS, st.floats(0, 0.99))
@settings(max_examples=60)
def test_loss_is_the_mean_of_each_window_among_its_own_classes(windows, smoothing):
    logits_BK, label_B = drawn(windows)
    each = [slow(logits_K, label, smoothing) for logits_K, label in zip(logits_BK, label_B.tolist(), strict=True)]
    loss = smoothed_cross_entropy(logits_BK, label_B, smoothing).item()
    assert loss == pytest.approx(sum(each) / len(each), abs=1e-9)


@given(st.integers(1, 6), st.floats(0, 0.99))
@settings(max_examples=30)
def test_equals_torch_where_all_classes_exist(count, smoothing):
    logits_BK, label_B = drawn([(5, k) for k in range(count)])
    expected = cross_entropy(logits_BK, label_B, label_smoothing=smoothing)
    torch.testing.assert_close(smoothed_cross_entropy(logits_BK, label_B, smoothing), expected)


def test_classes_that_do_not_exist_get_no_gradient_and_spoil_none():
    logits_BK, label_B = drawn([(5, 1), (2, 0), (1, 0)])
    logits_BK.requires_grad_()
    smoothed_cross_entropy(logits_BK, label_B, 0.2).backward()
    assert logits_BK.grad.isfinite().all()
    assert (logits_BK.grad[logits_BK == -torch.inf] == 0).all()
    assert logits_BK.grad[1, :2].abs().min() > 0


def test_an_answer_that_is_none_stays_none():
    logits_BK = torch.tensor([[1.0, 2.0], [math.nan, math.nan]])
    assert smoothed_cross_entropy(logits_BK, torch.tensor([0, 1]), 0.1).isnan()
