"""Complete networks: one token for each window, keys that have an effect, and the same answers as recorded."""

from __future__ import annotations

import pytest
import torch

from twostage.components import build
from twostage.config.model import LinearHead, ModelConfig, ResNet1D
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.network import Encoder, Network
from twostage.models.renaming import from_legacy, to_legacy

SMALL = {"resnet1d": ResNet1D(channels=2, layers=(1, 1, 1, 1), width=4)}
CHANGES = {
    "resnet1d": {"channels": 1, "block": "bottleneck", "layers": (2, 1, 1, 1), "width": 8},
}


@pytest.fixture(params=SMALL.values(), ids=SMALL)
def complete(request):
    return request.param


@pytest.fixture
def whole(complete):
    """A classifier on a complete network, as the engine builds it."""
    torch.manual_seed(0)
    head = Head(LinearHead(), dim=complete.dim, classes={1: 4, 2: 3, 6: 5})
    return Network(Encoder(ModelConfig(network=complete)), head)


def test_a_window_becomes_one_token(complete, whole, small_batch):
    x_BLC, rate_B, system_B = small_batch
    tokens_BPD = whole.eval().encode(x_BLC, rate_B, system_B=system_B)
    assert tokens_BPD.shape == (4, 1, complete.dim)
    assert {name.partition(".")[0] for name in whole.state_dict()} == {"backbone", "head"}


def test_evaluation_of_a_window_does_not_depend_on_its_batch(whole, small_batch):
    whole.eval()
    together = whole(*small_batch)
    alone = torch.cat([whole(*(part[i : i + 1] for part in small_batch)) for i in range(4)])
    torch.testing.assert_close(together, alone)


def test_evaluation_changes_no_weight(whole, small_batch):
    before = {name: tensor.clone() for name, tensor in whole.state_dict().items()}
    whole.eval()(*small_batch)
    assert all(torch.equal(before[name], tensor) for name, tensor in whole.state_dict().items())


def test_every_weight_gets_a_finite_gradient_also_in_bfloat16(whole, small_batch):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits_BK = whole.train()(*small_batch)
    torch.nn.functional.cross_entropy(logits_BK.float(), torch.tensor([3, 2, 4, 0])).backward()
    for name, parameter in whole.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_exports(whole, small_batch):
    exported = torch.export.export(whole.eval(), small_batch).module()
    torch.testing.assert_close(exported(*small_batch), whole(*small_batch))


def test_traces_without_a_graph_break(whole, small_batch):
    torch.compiler.reset()
    compiled = torch.compile(whole.eval(), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(*small_batch), whole(*small_batch))


def test_names_there_and_back(whole):
    ours = whole.state_dict()
    shared = {
        name.replace("head.layers.1.", "head.layers.shared."): ours[name]
        for name in ours
        if ".6." not in name and ".layers.2." not in name
    }
    back = from_legacy(to_legacy(shared))
    assert back.keys() == shared.keys()
    assert all(torch.equal(back[name], shared[name]) for name in shared)


def trained_answer(config, channels):
    torch.manual_seed(0)
    network = build(config).train()
    return network(torch.randn(3, 64, channels, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind, keys in CHANGES.items() for key in keys])
def test_a_key_of_a_network_has_an_effect(kind, key):
    base = SMALL[kind]
    changed = base.model_copy(update={key: CHANGES[kind][key]})
    before = trained_answer(base, base.channels)
    assert torch.equal(before, trained_answer(base, base.channels))
    after = trained_answer(changed, changed.channels)
    assert after.shape != before.shape or not torch.equal(before, after)


def test_no_key_of_a_network_is_left_out():
    assert {kind: set(keys) for kind, keys in CHANGES.items()} == {
        kind: set(type(base).model_fields) - {"kind"} for kind, base in SMALL.items()
    }


def assert_near(ours, theirs):
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 1e-5 + 1e-4 * theirs.abs().max()


def recorded_classifier(run, config, classes):
    """A recorded complete network under the head that all systems share."""
    head = Head(LinearHead(share="shared"), dim=config.dim, classes={1: classes})
    network = Network(Encoder(ModelConfig(network=config)), head).eval()
    network.load_state_dict(from_legacy(run.state))
    back = to_legacy(network.state_dict())
    assert back.keys() == run.state.keys()
    assert all(torch.equal(back[name], run.state[name]) for name in back)
    return network


@pytest.mark.realdata
@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_resnet1d_as_recorded(recorded, block):
    run = recorded(f"resnet1d_{block}")
    legacy = run.about["config"]
    config = ResNet1D(
        channels=legacy["input_dim"], block=block, layers=tuple(legacy["layers"]), width=legacy["initial_channels"]
    )
    network = recorded_classifier(run, config, legacy["num_classes"])
    assert_near(network(run.windows, torch.ones(3), torch.ones(3, dtype=torch.long)), run.arrays["out/logits"])
