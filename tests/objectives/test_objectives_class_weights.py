"""Class weights: what each window counts, and that a class that is rare is heard."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn.functional import cross_entropy

from twostage.errors import DataError
from twostage.objectives.class_weights import ClassWeighting
from twostage.objectives.smoothing import smoothed_cross_entropy

SYSTEMS = np.array([7] * 6 + [3] * 4)
LABELS = np.array([0, 0, 0, 0, 1, 2, 0, 1, 1, 1])


def weighting(written, classes=None):
    """Met with ten windows, each a recording of its own, of systems 7 (three classes) and 3 (two)."""
    found = ClassWeighting(written, classes or {7: 3, 3: 2})
    index = SimpleNamespace(rows=np.arange(10))
    found.meet(SimpleNamespace(index=index, systems=SYSTEMS, classes=LABELS))
    return found


def weights(written, classes=None):
    found = weighting(written, classes)(torch.from_numpy(SYSTEMS), torch.from_numpy(LABELS))
    return found.double().numpy()


def test_balanced_is_that_of_scikit_learn_system_by_system():
    for system in (7, 3):
        mine = np.isin(SYSTEMS, system)
        each = compute_class_weight("balanced", classes=np.unique(LABELS[mine]), y=LABELS[mine])
        assert weights("balanced")[mine] == pytest.approx(each[LABELS[mine]])


def test_only_ratios_count_and_the_mean_weight_is_1():
    classes = {7: 3, 3: 3}
    once, twice = weights((1.0, 2.0, 5.0), classes), weights((2.0, 4.0, 10.0), classes)
    assert once == pytest.approx(twice)
    assert once[SYSTEMS == 7].mean() == pytest.approx(1.0)
    assert once[4] / once[0] == pytest.approx(2.0)
    assert once[5] / once[0] == pytest.approx(5.0)


def test_no_weights_are_none():
    assert weighting(None)(torch.from_numpy(SYSTEMS), torch.from_numpy(LABELS)) is None


def test_as_many_weights_as_classes():
    with pytest.raises(DataError, match="class_weights has 3 numbers, but system 3 has 2 classes"):
        ClassWeighting((1.0, 2.0, 3.0), {7: 3, 3: 2})


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_a_weighted_loss_is_the_mean_of_weighted_losses(smoothing):
    logits, label, weight = torch.randn(6, 3), torch.tensor([0, 1, 2, 0, 1, 1]), torch.rand(6)
    each = [cross_entropy(x[None], y[None], label_smoothing=smoothing) for x, y in zip(logits, label, strict=True)]
    expected = sum(w * loss for w, loss in zip(weight, each, strict=True)) / 6
    assert smoothed_cross_entropy(logits, label, smoothing, weight).item() == pytest.approx(expected.item(), rel=1e-5)
