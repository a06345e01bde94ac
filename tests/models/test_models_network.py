"""The whole network: names, gradients, precision, compilation, size."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from twostage.config.model import HSE, LinearHead, ModelConfig, PatchTST
from twostage.config.stage_1 import Projection
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.heads.projection import ProjectionHead
from twostage.models.network import ENCODER_PREFIXES, Encoder, Network, encoder_state
from twostage.models.summary import count_parameters


def test_tensor_names_begin_with_their_part(small_network):
    names = small_network.state_dict().keys()
    assert {name.partition(".")[0] for name in names} == {"embedding", "backbone", "head"}
    assert encoder_state(small_network.state_dict()).keys() == {
        name for name in names if name.startswith(ENCODER_PREFIXES)
    }


def test_encoder_and_network_hold_the_same_encoder(small_config, small_batch):
    encoder = Encoder(small_config).eval()
    network = Network(encoder, ProjectionHead(Projection(), dim=16)).eval()
    ours, theirs = encoder_state(encoder.state_dict()), encoder_state(network.state_dict())
    assert ours.keys() == theirs.keys() == encoder.state_dict().keys()
    assert all(ours[name].data_ptr() == theirs[name].data_ptr() for name in ours)
    x_BLC, rate_B, _ = small_batch
    assert torch.equal(encoder(x_BLC, rate_B), network.encode(x_BLC, rate_B))
    assert torch.equal(network(x_BLC, rate_B), network.head(encoder(x_BLC, rate_B)))


def test_every_weight_of_the_encoder_gets_a_finite_gradient(small_network, small_batch):
    x_BLC, rate_B, system_B = small_batch
    logits_BK = small_network.train()(x_BLC, rate_B, system_B)
    functional.cross_entropy(logits_BK, torch.tensor([3, 2, 4, 0])).backward()
    for name, parameter in small_network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


@pytest.mark.parametrize("training", [True, False])
def test_the_same_seed_gives_the_same_bits(small_config, small_batch, training):
    def run():
        torch.manual_seed(5)
        return Encoder(small_config).train(training)(*small_batch[:2])

    assert torch.equal(run(), run())


def test_evaluation_of_a_window_does_not_depend_on_its_batch(small_network, small_batch):
    x_BLC, rate_B, system_B = small_batch
    together = small_network.eval()(x_BLC, rate_B, system_B)
    alone = torch.cat([small_network(x_BLC[i : i + 1], rate_B[i : i + 1], system_B[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("training", [True, False])
def test_bfloat16_autocast_stays_finite(small_network, small_batch, training):
    x_BLC, rate_B, system_B = small_batch
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits_BK = small_network.train(training)(x_BLC, rate_B, system_B)
        loss = functional.cross_entropy(logits_BK, torch.tensor([3, 2, 4, 0]))
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad.isfinite().all() for p in small_network.parameters())


def test_export_with_even_starts(small_network, small_batch):
    network = small_network.eval()
    exported = torch.export.export(network, small_batch).module()
    torch.testing.assert_close(exported(*small_batch), network(*small_batch))


@pytest.mark.parametrize("training", [True, False])
def test_traces_without_a_graph_break(small_network, small_batch, training):
    network = small_network.train(training)
    for part in network.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    for layer in getattr(network.backbone, "layers", ()):
        layer.self_attn.dropout = 0.0
    torch.compiler.reset()  # each backbone counts as a recompilation of the one forward
    compiled = torch.compile(network, backend="aot_eager", fullgraph=True)
    torch.manual_seed(2)
    expected = network(*small_batch)
    torch.manual_seed(2)
    torch.testing.assert_close(compiled(*small_batch), expected)


def test_size_is_counted_without_memory(small_config, small_network):
    counts = count_parameters(small_config, {1: 4, 2: 3, 6: 5})
    for name, part in small_network.named_children():
        assert counts[name] == sum(p.numel() for p in part.parameters())
    assert counts["total"] == sum(p.numel() for p in small_network.parameters())


def test_size_of_a_network_that_would_not_fit():
    embedding = HSE(patch_length=256, patches=128, dim=65536)
    counts = count_parameters(
        ModelConfig(embedding=embedding, backbone=PatchTST(layers=24, feedforward=262144)), {1: 4}
    )
    assert counts["head"] == 65537 * 4
    assert counts["total"] > 10**12


def test_shared_head_in_a_network(small_config, small_batch):
    head = Head(LinearHead(share="shared"), dim=16, classes={1: 4, 2: 3, 6: 5})
    assert Network(Encoder(small_config), head)(*small_batch).shape == (4, 5)
