"""Complete networks: one token for each window, keys that have an effect, and the same answers as recorded."""

from __future__ import annotations

import pytest
import torch

from twostage.components import build
from twostage.config.model import (
    MWACNN,
    TSPN,
    FlowCondition,
    ISFMFlow,
    LinearHead,
    ModelConfig,
    ProtoNet,
    ResNet1D,
)
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.heads.velocity import WindowVelocityHead
from twostage.models.network import Encoder, Network
from twostage.models.networks import flow_paths
from twostage.models.networks.isfm_flow import share_features
from twostage.models.renaming import from_legacy, to_legacy

SMALL = {
    "resnet1d": ResNet1D(channels=2, layers=(1, 1, 1, 1), width=4),
    "tspn": TSPN(channels=2, layers=(("laplace", "wave_filter"), ("envelope", "identity")), width=4, hidden=8),
    "mwa_cnn": MWACNN(channels=2, width=6),
    "protonet": ProtoNet(channels=2, features=8),
    "isfm_flow": ISFMFlow(channels=2, length=64, hidden=8, time_dim=4, condition=FlowCondition(dim=4, max_systems=7)),
}
CHANGES = {
    "resnet1d": {"channels": 1, "block": "bottleneck", "layers": (2, 1, 1, 1), "width": 8},
    "tspn": {
        "channels": 1,
        "layers": (("identity",),),
        "width": 8,
        "features": ("rms",),
        "skip": False,
        "hidden": 4,
        "centre": 0.3,
        "centre_spread": 0.2,
        "band": 0.3,
        "band_spread": 0.1,
    },
    "mwa_cnn": {"channels": 1, "width": 12, "dropout": 0.5},
    "protonet": {"channels": 1, "features": 4},
    "isfm_flow": {"channels": 1, "length": 32, "hidden": 4, "time_dim": 6, "condition": None},
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


@pytest.mark.long
def test_traces_without_a_graph_break(whole, small_batch):
    torch.compiler.reset()
    compiled = torch.compile(whole.eval(), backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(*small_batch), whole(*small_batch))


def test_names_there_and_back(complete, whole):
    if complete.kind == "protonet":
        pytest.skip("there is no record of the names in the old ProtoNet")
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
    length = getattr(config, "length", 64)
    return network(torch.randn(3, length, channels, generator=torch.Generator().manual_seed(1)))


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


@pytest.mark.realdata
def test_mwa_cnn_as_recorded(recorded):
    run = recorded("mwa_cnn")
    network = recorded_classifier(run, MWACNN(channels=run.about["config"]["in_channels"]), 5)
    assert_near(network(run.windows, torch.ones(3), torch.ones(3, dtype=torch.long)), run.arrays["out/logits"])


@pytest.mark.realdata
def test_tspn_as_recorded(recorded):
    """The old code overwrote weights in every pass: a second pass is the first pass with overwritten weights."""
    run = recorded("tspn")
    legacy = run.about["config"]
    names = {"LNO": "laplace", "WF": "wave_filter", "HT": "envelope", "I": "identity"}
    layers = tuple(tuple(names[each] for each in layer) for layer in legacy["signal_processing_configs"].values())
    width = legacy["out_channels"] * legacy["scale"]
    network = recorded_classifier(run, TSPN(channels=legacy["in_channels"], layers=layers, width=width), 5)
    one = torch.ones(3, dtype=torch.long)
    assert_near(network(run.windows, torch.ones(3), one), run.arrays["out/first_forward"])
    with torch.no_grad():
        for layer in network.backbone.layers:
            layer.mix.weight.copy_((layer.mix.weight / 0.1).softmax(dim=0))
    assert_near(network(run.windows, torch.ones(3), one), run.arrays["out/second_forward"])


@pytest.mark.realdata
def test_isfm_flow_as_recorded(recorded):
    run = recorded("m04flow")
    legacy, shapes = run.about["config"], {name: len(tensor) for name, tensor in run.state.items()}
    condition = FlowCondition(
        dim=legacy["condition_dim"],
        max_systems=shapes["condition_encoder.system_embedding.weight"],
        max_domains=shapes["condition_encoder.domain_embedding.weight"],
    )
    sizes = {"length": legacy["sequence_length"], "channels": legacy["channels"], "hidden": legacy["hidden_dim"]}
    config = ISFMFlow(**sizes, time_dim=legacy["time_dim"], condition=condition)
    head = WindowVelocityHead(dim=config.dim, length=config.length, channels=config.channels)
    network = Network(Encoder(ModelConfig(network=config)), head).eval()
    network.load_state_dict(from_legacy(run.state))
    assert to_legacy(network.state_dict()).keys() == run.state.keys()
    rows = {row["Id"]: row for row in run.about["metadata_rows"]}
    ids = [torch.tensor([int(rows[i][name]) for i in (101, 202, 603)]) for name in ("Dataset_id", "Domain_id")]
    share_B, noise_BV = run.arrays["rng/forward/0_rand"], run.arrays["rng/forward/1_randn_like"]
    window_BV = run.windows.flatten(1)
    mixture_BV = (1 - share_B[:, None]) * noise_BV + share_B[:, None] * window_BV
    assert_near(mixture_BV, run.arrays["out/forward/x_t"])
    assert_near(share_features(share_B, 16), run.arrays["out/forward/t_emb"])
    assert_near(network.backbone.condition(*ids), run.arrays["out/forward/condition_features"])
    answer_BV = flow_paths.velocity(network, mixture_BV[..., None], share_B, *ids).flatten(1)
    assert_near(answer_BV, run.arrays["out/forward/v_pred"])
    assert_near((answer_BV - (window_BV - noise_BV)).square().mean(), run.arrays["out/forward/flow_loss"])
    made = flow_paths.to_windows(network, run.arrays["rng/sample/0_randn"][..., None], *(i[:2] for i in ids), steps=5)
    assert_near(made, run.arrays["out/sample"])
    assert_near(flow_paths.to_noise(network, run.windows, *ids, steps=5), run.arrays["out/encode_to_noise"])
    assert_near(flow_paths.strangeness(network, run.windows, *ids, steps=5), run.arrays["out/anomaly_score"])


def test_windows_that_are_alike_in_a_statistic_train_a_tspn():
    """The spread of such a statistic is 0, where a root has no derivative."""
    torch.manual_seed(0)
    network = build(SMALL["tspn"]).train()
    network(torch.randn(1, 64, 2).expand(3, -1, -1)).square().mean().backward()
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters() if parameter.grad is not None)
