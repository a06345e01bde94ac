"""Heads: each sample by its own system, gradients that stay finite, shapes that objectives rely on."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from twostage.config import model as configs
from twostage.config.stage_1 import Projection
from twostage.models.embeddings.hse import HSE
from twostage.models.heads.linear import LinearHead
from twostage.models.heads.projection import ProjectionHead
from twostage.models.heads.reconstruction import ReconstructionHead


@given(
    classes=st.dictionaries(st.integers(0, 40), st.integers(1, 6), min_size=1, max_size=4),
    choices=st.lists(st.integers(0, 100), min_size=1, max_size=7),
)
@settings(max_examples=40)
def test_mixed_batch_equals_one_system_at_a_time(classes, choices):
    head = LinearHead(configs.LinearHead(), dim=5, classes=classes).double()
    tokens_BPD = torch.randn(len(choices), 3, 5, dtype=torch.float64)
    systems = [sorted(classes)[choice % len(classes)] for choice in choices]
    logits_BK = head(tokens_BPD, torch.tensor(systems))
    assert logits_BK.shape == (len(choices), max(classes.values()))
    for tokens_PD, system, logits_K in zip(tokens_BPD, systems, logits_BK, strict=True):
        layer, count = head.layers[str(system)], classes[system]
        expected = layer.weight @ (sum(tokens_PD) / 3) + layer.bias
        torch.testing.assert_close(logits_K[:count], expected)
        assert (logits_K[count:] == -torch.inf).all()


def test_absent_classes_get_no_probability_and_no_gradient():
    head = LinearHead(configs.LinearHead(), dim=5, classes={1: 4, 2: 2})
    tokens_BPD = torch.randn(6, 3, 5, requires_grad=True)
    system_B = torch.tensor([1, 2, 2, 1, 2, 2])
    logits_BK = head(tokens_BPD, system_B)
    probability_BK = logits_BK.softmax(dim=1)
    assert (probability_BK[system_B == 2, 2:] == 0).all()
    torch.testing.assert_close(probability_BK.sum(dim=1), torch.ones(6))
    functional.cross_entropy(logits_BK, torch.tensor([3, 1, 0, 2, 1, 0])).backward()
    gradients = [tokens_BPD.grad, *(p.grad for p in head.parameters())]
    assert all(g.isfinite().all() and g.abs().sum() > 0 for g in gradients)


def test_loss_of_a_mixed_batch_is_the_mean_of_its_samples():
    head = LinearHead(configs.LinearHead(), dim=5, classes={1: 4, 2: 2})
    tokens_BPD, system_B, label_B = torch.randn(3, 2, 5), torch.tensor([2, 1, 2]), torch.tensor([1, 3, 0])
    losses = [
        functional.cross_entropy(head.layers[str(s.item())](t.mean(dim=0)), y)
        for t, s, y in zip(tokens_BPD, system_B, label_B, strict=True)
    ]
    torch.testing.assert_close(functional.cross_entropy(head(tokens_BPD, system_B), label_B), sum(losses) / 3)


def test_a_system_without_a_layer_cannot_pass_for_an_answer():
    head = LinearHead(configs.LinearHead(), dim=5, classes={1: 4})
    logits_BK = head(torch.randn(2, 3, 5), torch.tensor([1, 9]))
    assert logits_BK[0].isfinite().all()
    assert logits_BK[1].isnan().all()


def test_shared_layer_answers_for_the_union():
    head = LinearHead(configs.LinearHead(share="shared"), dim=5, classes={1: 4, 2: 2})
    assert [name for name, _ in head.named_parameters()] == ["layers.shared.weight", "layers.shared.bias"]
    tokens_BPD = torch.randn(2, 3, 5)
    logits_BK = head(tokens_BPD, torch.tensor([1, 2]))
    torch.testing.assert_close(logits_BK, head.layers["shared"](tokens_BPD.mean(dim=1)))


@pytest.mark.parametrize(("hidden", "dim"), [(7, 3), (1, 1)])
def test_projection_is_a_perceptron_on_the_mean(hidden, dim):
    head = ProjectionHead(Projection(hidden=hidden, dim=dim), dim=5)
    tokens_BPD = torch.randn(4, 6, 5)
    first, _, second = head.perceptron
    expected = (tokens_BPD.mean(dim=1) @ first.weight.T + first.bias).clamp(min=0) @ second.weight.T + second.bias
    torch.testing.assert_close(head(tokens_BPD), expected)


def test_restored_patches_are_laid_out_as_cut_ones():
    config = configs.HSE(patch_length=4, patch_channels=2, patches=3, dim=5)
    x_BLC = torch.randn(2, 30, 2)
    embedding, head = HSE(config), ReconstructionHead(config)
    cut_BPlc = embedding.patches(x_BLC, embedding.starts(x_BLC))
    tokens_BPD = torch.randn(2, 3, 5)
    restored_BPlc = head(tokens_BPD)
    assert restored_BPlc.shape == cut_BPlc.shape
    value = head.linear.weight[3 * 2 + 1] @ tokens_BPD[1, 2] + head.linear.bias[3 * 2 + 1]
    torch.testing.assert_close(restored_BPlc[1, 2, 3, 1], value)
