"""Names of tensors, ours to the legacy ones and back."""

from __future__ import annotations

import pytest
import torch

from twostage.errors import TransferError
from twostage.models.renaming import from_legacy, to_legacy

PROJECTION = "backbone.encoder.attn_layers.0.attention.{}_projection.weight"


def test_ours_there_and_back(small_network):
    ours = small_network.state_dict()
    back = from_legacy(to_legacy(ours))
    assert back.keys() == ours.keys()
    assert all(torch.equal(back[name], ours[name]) for name in ours)


def test_there_and_back_changes_no_answer(small_network, small_batch):
    network = small_network.eval()
    before = network(*small_batch)
    state = {name: tensor.clone() for name, tensor in to_legacy(network.state_dict()).items()}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
    network.load_state_dict(from_legacy(state))
    assert torch.equal(network(*small_batch), before)


def test_projections_are_stacked_in_order():
    parts = {PROJECTION.format(part): torch.full((2, 2), i) for i, part in enumerate(("query", "key", "value"))}
    for state in (parts, dict(reversed(parts.items()))):
        stacked = from_legacy(state)["backbone.layers.0.self_attn.in_proj_weight"]
        assert stacked[:, 0].tolist() == [0, 0, 1, 1, 2, 2]


def test_convolutions_lose_their_last_axis_even_beside_an_axis_of_one():
    legacy = {"backbone.encoder.attn_layers.3.conv1.weight": torch.zeros(1, 4, 1)}
    assert from_legacy(legacy)["backbone.layers.3.linear1.weight"].shape == (1, 4)
    assert to_legacy(from_legacy(legacy)).keys() == legacy.keys()


@pytest.mark.parametrize("present", ["query", "key", "value"])
def test_a_projection_alone_is_refused(present):
    with pytest.raises(TransferError, match="belong together") as error:
        from_legacy({PROJECTION.format(present): torch.zeros(2, 2)})
    missing = {part for part in ("query", "key", "value") if PROJECTION.format(part) in str(error.value)}
    assert missing == {"query", "key", "value"} - {present}


@pytest.mark.parametrize("name", ["task_head.fc.weight", "epoch", "embedding.linear3.weight"])
def test_a_name_without_counterpart_is_refused(name):
    with pytest.raises(TransferError, match=name):
        from_legacy({name: torch.zeros(1)})
    with pytest.raises(TransferError, match=name):
        to_legacy({name: torch.zeros(1)})
