"""Metrics are those of scikit-learn over the whole epoch, however it is cut into batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from twostage.objectives.classification import SystemMetrics


def epoch(seed, count=60, classes=4):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, classes, generator=generator)
    labels = torch.cat([torch.arange(classes), torch.randint(0, classes, (count - classes,), generator=generator)])
    return logits, labels


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 60))
def test_metrics_do_not_depend_on_batches_and_equal_scikit_learn(seed, size):
    logits, labels = epoch(seed)
    metrics = SystemMetrics({7: 4})
    for start in range(0, len(labels), size):
        part = slice(start, start + size)
        metrics.update(logits[part], torch.full_like(labels[part], 7), labels[part])
    found = metrics.compute()
    predicted, scores = logits.argmax(dim=1).numpy(), logits.softmax(dim=1).double().numpy()
    scores /= scores.sum(axis=1, keepdims=True)
    assert found["accuracy/7"] == pytest.approx(sk.accuracy_score(labels, predicted))
    assert found["macro_f1/7"] == pytest.approx(sk.f1_score(labels, predicted, average="macro"), abs=1e-6)
    assert found["balanced_accuracy/7"] == pytest.approx(sk.balanced_accuracy_score(labels, predicted), abs=1e-6)
    assert found["auroc/7"] == pytest.approx(sk.roc_auc_score(labels, scores, multi_class="ovr"), abs=1e-5)
    assert np.array_equal(found["confusion/7"], sk.confusion_matrix(labels, predicted))
    assert found["majority/7"] == pytest.approx(np.bincount(labels).max() / len(labels))


def test_each_system_counts_its_own_windows():
    metrics = SystemMetrics({1: 2, 2: 3})
    logits = torch.tensor([[9.0, 0.0, -torch.inf], [9.0, 0.0, -torch.inf], [0.0, 0.0, 9.0], [9.0, 0.0, 0.0]])
    metrics.update(logits, torch.tensor([1, 1, 2, 2]), torch.tensor([0, 1, 2, 0]))
    found = metrics.compute()
    assert (found["accuracy/1"], found["accuracy/2"]) == (0.5, 1.0)
    assert found["accuracy"] == 0.75
    assert (found["windows/1"], found["windows/2"]) == (2, 2)


def test_a_new_epoch_starts_from_nothing():
    metrics = SystemMetrics({1: 2})
    wrong = (torch.tensor([[0.0, 9.0]]), torch.tensor([1]), torch.tensor([0]))
    metrics.update(*wrong)
    metrics.reset()
    metrics.update(torch.tensor([[9.0, 0.0]]), torch.tensor([1]), torch.tensor([0]))
    assert metrics.compute()["accuracy/1"] == 1.0


def test_a_class_without_windows_has_no_auroc_and_one_class_alone_has_none_either():
    metrics = SystemMetrics({1: 3, 2: 2})
    metrics.update(torch.eye(3)[[0, 0, 1, 1]] * 9, torch.ones(4, dtype=torch.int64), torch.tensor([0, 0, 1, 1]))
    metrics.update(torch.eye(3)[[0, 1]] * 9, torch.full((2,), 2), torch.tensor([0, 0]))
    found = metrics.compute()
    assert found["auroc/1"] == found["auroc"] == 1.0
    assert "auroc/2" not in found
    metrics.reset()
    metrics.update(torch.eye(3)[[0, 1]] * 9, torch.full((2,), 2), torch.tensor([0, 0]))
    assert "auroc" not in metrics.compute()


def test_balanced_accuracy_counts_the_classes_that_occur():
    """A class that is only predicted has no recall."""
    logits = torch.eye(3)[[0, 0, 1, 2]] * 9
    labels = torch.tensor([0, 0, 1, 1])
    metrics = SystemMetrics({1: 3})
    metrics.update(logits, torch.ones(4, dtype=torch.int64), labels)
    assert metrics.compute()["balanced_accuracy/1"] == pytest.approx(0.75)
