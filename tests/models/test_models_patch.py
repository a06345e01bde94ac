"""Patches side by side, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from twostage.config import model as configs
from twostage.models.embeddings.patch import ACTIVATIONS, Patch

shapes = st.fixed_dictionaries(
    {
        "patch_length": st.integers(1, 12),
        "patches": st.integers(1, 6),
        "channels": st.integers(1, 3),
        "hidden": st.none() | st.integers(1, 5),
        "left_over": st.integers(0, 11),
    }
)


def make(shape):
    left_over = shape["left_over"] % shape["patch_length"]
    config = configs.Patch(dim=4, **{key: value for key, value in shape.items() if key != "left_over"})
    torch.manual_seed(0)
    length = shape["patch_length"] * shape["patches"] + left_over
    return Patch(config).double(), torch.randn(2, length, shape["channels"], dtype=torch.float64)


@given(shapes)
@settings(max_examples=40)
def test_equals_plain_loops(shape):
    embedding, x_BLC = make(shape)
    tokens_BPD = embedding(x_BLC)
    assert tokens_BPD.shape == (2, shape["patches"], 4)
    first, second = embedding.conv1, embedding.conv2
    for b in range(2):
        for p in range(shape["patches"]):
            patch_Cl = x_BLC[b, p * shape["patch_length"] : (p + 1) * shape["patch_length"]].T
            hidden_H = (first.weight * patch_Cl).sum((1, 2)) + first.bias
            expected_D = second.weight[..., 0] @ functional.gelu(hidden_H) + second.bias
            np.testing.assert_allclose(tokens_BPD[b, p].detach(), expected_D.detach(), rtol=1e-9, atol=1e-9)


@given(shapes)
@settings(max_examples=40)
def test_patches_are_the_window_without_what_is_left_over(shape):
    embedding, x_BLC = make(shape)
    patches_BPlC = embedding.patches(x_BLC, embedding.starts(x_BLC))
    covered = shape["patches"] * shape["patch_length"]
    assert torch.equal(patches_BPlC.flatten(1, 2), x_BLC[:, :covered])


def test_hidden_features_are_those_of_the_tokens_unless_written():
    assert Patch(configs.Patch(dim=6)).conv1.out_channels == 6
    assert Patch(configs.Patch(dim=6, hidden=3)).conv1.out_channels == 3


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation_is_the_one_written(name):
    embedding = Patch(configs.Patch(patch_length=2, patches=1, dim=1, activation=name))
    with torch.no_grad():
        for layer in (embedding.conv1, embedding.conv2):
            layer.weight.fill_(1.0)
            layer.bias.zero_()
    values = torch.tensor([-2.0, 0.5])
    written = {"leaky_relu": lambda x: functional.leaky_relu(x, 0.1), "tanh": torch.tanh, "sigmoid": torch.sigmoid}
    expected = written.get(name, getattr(functional, name))(values)
    x_BLC = torch.stack([values / 2, values / 2], dim=1)[..., None]
    torch.testing.assert_close(embedding(x_BLC).flatten(), expected)


def test_another_number_of_patches_is_refused():
    embedding = Patch(configs.Patch(patch_length=4, patches=3))
    with pytest.raises(ValueError, match=r"a window of 20 samples holds 5 patches of 4, but .* was built for 3"):
        embedding(torch.zeros(1, 20, 1))
