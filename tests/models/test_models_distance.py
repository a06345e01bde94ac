"""The distance head against plain loops, and each window by its own system's class vectors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import rigs
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from twostage.config.load import load_config
from twostage.config.model import DistanceHead as Config
from twostage.config.problems import DocumentError
from twostage.models.heads.distance import DistanceHead

COUNTS = {1: 4, 2: 2}


def slow_logits(tokens_PD, w, vectors_kD, heads):
    dim = tokens_PD.shape[1]
    size = dim // heads
    tokens_PD = tokens_PD @ w["inward.weight"].T + w["inward.bias"]
    query_D = w["query.weight"] @ tokens_PD.mean(axis=0)
    key_PD, value_PD = tokens_PD @ w["key_value.weight"][:dim].T, tokens_PD @ w["key_value.weight"][dim:].T
    mixed_D = np.empty(dim)
    for h in range(heads):
        own = slice(h * size, (h + 1) * size)
        scores = np.exp([query_D[own] @ row / math.sqrt(size) for row in key_PD[:, own]])
        mixed_D[own] = scores @ value_PD[:, own] / scores.sum()
    attended_D = w["attended.weight"] @ mixed_D + w["attended.bias"]
    return vectors_kD @ (w["outward.weight"] @ attended_D + w["outward.bias"])


@given(
    heads=st.integers(1, 3),
    features=st.integers(1, 3),
    classes=st.dictionaries(st.integers(0, 40), st.integers(1, 6), min_size=1, max_size=4),
    choices=st.lists(st.integers(0, 100), min_size=1, max_size=5),
    share=st.sampled_from(["per_system", "shared"]),
)
@settings(max_examples=40)
def test_head_equals_plain_loops(heads, features, classes, choices, share):
    head = DistanceHead(Config(heads=heads, share=share), dim=heads * features, classes=classes).double()
    tokens_BPD = torch.randn(len(choices), 3, heads * features, dtype=torch.float64)
    systems = [sorted(classes)[choice % len(classes)] for choice in choices]
    logits_BK = head(tokens_BPD, torch.tensor(systems)).detach().numpy()
    w = {name: tensor.detach().numpy() for name, tensor in head.state_dict().items()}
    assert logits_BK.shape == (len(choices), max(classes.values()))
    for tokens_PD, system, logits_K in zip(tokens_BPD.numpy(), systems, logits_BK, strict=True):
        vectors_kD = w["classes.shared" if share == "shared" else f"classes.{system}"]
        expected = slow_logits(tokens_PD, w, vectors_kD, heads)
        np.testing.assert_allclose(logits_K[: len(expected)], expected, atol=1e-10)
        assert (logits_K[len(expected) :] == -np.inf).all()


def test_a_system_without_class_vectors_cannot_pass_for_an_answer():
    head = DistanceHead(Config(), dim=8, classes={1: 4})
    logits_BK = head(torch.randn(2, 3, 8), torch.tensor([1, 9]))
    assert logits_BK[0].isfinite().all()
    assert logits_BK[1].isnan().all()


@pytest.mark.parametrize("autocast", [False, True])
def test_every_weight_gets_a_finite_gradient(autocast):
    head = DistanceHead(Config(), dim=8, classes=COUNTS)
    tokens_BPD = torch.randn(4, 3, 8, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=autocast):
        loss = functional.cross_entropy(head(tokens_BPD, torch.tensor([1, 2, 2, 1])), torch.tensor([3, 1, 0, 2]))
    loss.backward()
    gradients = [tokens_BPD.grad, *(p.grad for p in head.parameters())]
    assert all(g.isfinite().all() and g.abs().sum() > 0 for g in gradients)


def test_export_and_compilation():
    head = DistanceHead(Config(), dim=8, classes=COUNTS).eval()
    given_ = torch.randn(4, 3, 8), torch.tensor([1, 2, 2, 1])
    expected = head(*given_)
    torch.testing.assert_close(torch.export.export(head, given_).module()(*given_), expected)
    torch.compiler.reset()
    torch.testing.assert_close(torch.compile(head, backend="aot_eager", fullgraph=True)(*given_), expected)


def test_class_vectors_start_as_standard_normal_numbers():
    torch.manual_seed(0)
    vectors_kD = DistanceHead(Config(), dim=64, classes={3: 40}).classes["3"]
    assert vectors_kD.mean().item() == pytest.approx(0, abs=0.05)
    assert vectors_kD.std().item() == pytest.approx(1, abs=0.05)


def test_heads_that_do_not_divide_the_features_are_refused_by_their_key(tmp_path):
    document = rigs.document(tmp_path, tmp_path)
    document["model"]["embedding"] |= {"dim": 12}
    document["stage_2"]["head"] = {"kind": "distance"}
    text = r"embedding\.dim is 12 and stage_2\.head\.heads is 8, .* such as 8 or 16"
    with pytest.raises(DocumentError, match=text):
        load_config(document)
    document["stage_2"]["head"]["heads"] = 6
    load_config(document)
