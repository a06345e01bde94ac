"""Masked reconstruction hides what it asks for, and only that counts."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from twostage.config.model import HSE, ModelConfig
from twostage.config.stage_1 import ReconstructionConfig
from twostage.data.windowed import Batch
from twostage.models.network import Encoder, Network
from twostage.objectives.pretrain.reconstruction import Reconstruction

MODEL = ModelConfig(embedding=HSE(patch_length=16, patches=8, dim=16))


def objective(**written):
    config = ReconstructionConfig.model_validate({"pretrain_mode": "reconstruction"} | written)
    torch.manual_seed(0)
    return Reconstruction(config, Network(Encoder(MODEL), Reconstruction.head(config, MODEL)))


def batch(x_BLC):
    count = len(x_BLC)
    zeros = torch.zeros(count, dtype=torch.int64)
    return Batch(x_BLC, torch.full((count,), 1000.0), zeros, zeros, zeros)


DRAW = 11


def hidden_by(ours, x_BLC):
    """What the next loss will hide, when it is drawn with the seed DRAW."""
    torch.manual_seed(DRAW)
    return ours.hidden(x_BLC)


@given(ratio=st.floats(0.05, 0.95), block=st.integers(1, 200), length=st.integers(2, 300), channels=st.integers(1, 3))
def test_blocks_are_hidden_whole_and_something_is_left(ratio, block, length, channels):
    ours = objective(mask={"ratio": ratio, "block": block})
    hidden_BLC = ours.hidden(torch.zeros(4, length, channels))
    assert hidden_BLC.shape == (4, length, channels)
    assert (hidden_BLC == hidden_BLC[:, :, :1]).all()
    for start in range(0, length, block):
        piece = hidden_BLC[:, start : start + block, 0]
        assert (piece.all(dim=1) | ~piece.any(dim=1)).all()
    assert hidden_BLC.any(dim=1).all()
    assert block >= length or not hidden_BLC.all(dim=1).any()


def test_every_draw_hides_other_blocks():
    ours, x_BLC = objective(), torch.zeros(2, 1024, 1)
    assert not torch.equal(ours.hidden(x_BLC), ours.hidden(x_BLC))


def test_hidden_samples_never_reach_the_encoder():
    """What is hidden may change at will: the encoder's tokens stay as they are."""
    ours = objective(mask={"ratio": 0.5, "block": 16}).eval()
    x_BLC = torch.randn(3, 256, 1)
    hidden_BLC, seen = hidden_by(ours, x_BLC), []
    ours.network.backbone.register_forward_pre_hook(lambda _, tokens: seen.append(tokens[0].detach().clone()))
    for windows in (x_BLC, torch.where(hidden_BLC, 99.0, x_BLC)):
        torch.manual_seed(DRAW)
        ours.loss(batch(windows), "validation")
    assert torch.equal(seen[0], seen[1])


@pytest.mark.parametrize(("kind", "expected"), [("mse", 4.0), ("mae", 2.0)])
def test_the_error_counts_hidden_samples_alone(kind, expected):
    """A head that answers zero errs by the value itself: 2 where hidden, and 100 elsewhere does not count."""
    ours = objective(loss=kind, mask={"ratio": 0.5, "block": 16}).eval()
    torch.nn.init.zeros_(ours.network.head.linear.weight)
    torch.nn.init.zeros_(ours.network.head.linear.bias)
    x_BLC = torch.full((3, 256, 1), 100.0)
    x_BLC[hidden_by(ours, x_BLC)] = 2.0
    torch.manual_seed(DRAW)
    assert ours.loss(batch(x_BLC), "validation").item() == pytest.approx(expected)


def test_it_learns_to_restore_a_tone():
    ours = objective(mask={"ratio": 0.3, "block": 16})
    time_L = torch.arange(128) / 1000
    x_BLC = torch.sin(2 * torch.pi * 50 * time_L).expand(16, -1).unsqueeze(-1)
    optimizer = torch.optim.Adam(ours.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = ours.loss(batch(x_BLC), "train")
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
