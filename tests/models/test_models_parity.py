"""The models answer as the legacy ones did, given the same weights, windows and patch starts."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch.nn import functional

from twostage.config.model import ModelConfig
from twostage.models.backbones.patchtst import PatchTST
from twostage.models.embeddings.hse import HSE
from twostage.models.network import encoder_state
from twostage.models.renaming import from_legacy, to_legacy

pytestmark = pytest.mark.realdata

EMBEDDINGS = ("C1", "C1_pc2_channel_repeat", "C2_pc3_channel_repeat", "C3_pc2", "L20_repeat")
CLASSIFIERS = (
    "B_01__H_01",
    "B_04__H_01",
    "B_04_longseq__H_01",
    "B_06__H_01",
    "B_08__H_01",
    "B_08__H_01__C1",
    "B_08_relu_nodiv__H_01",
    "B_09__H_01",
    "B_09_defaults_by_d_model__H_01",
)
BACKBONES = ("B_01", "B_04", "B_06", "B_08", "B_09")
OTHER_HEADS = tuple(f"{backbone}__MultiTaskHead" for backbone in BACKBONES)


def assert_near(ours, theirs):
    tolerance = 1e-5 + 1e-4 * theirs.abs().max()
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= tolerance


@pytest.mark.parametrize("source", ["recorded draws", "seed"])
@pytest.mark.parametrize("name", EMBEDDINGS)
def test_embedding(recorded, name, source):
    run = recorded(f"emb__E_01_HSE__{name}")
    embedding = HSE(run.config.embedding).eval()
    embedding.load_state_dict(run.state)
    for call in run.about["calls"]:
        rates = torch.atleast_1d(torch.tensor(call["args"]["fs"], dtype=torch.float32)).expand(len(run.windows))
        torch.manual_seed(call["seed"])
        starts = run.starts(call["name"]) if source == "recorded draws" else None
        assert_near(embedding(run.windows, rates, starts), run.arrays[f"out/{call['name']}"])


@pytest.mark.parametrize("name", EMBEDDINGS)
def test_draws_reproduce_by_seed(recorded, name):
    run = recorded(f"emb__E_01_HSE__{name}")
    embedding = HSE(run.config.embedding)
    for call in run.about["calls"]:
        torch.manual_seed(call["seed"])
        drawn = embedding.starts(run.windows)
        assert all(torch.equal(ours, theirs) for ours, theirs in zip(drawn, run.starts(call["name"]), strict=True))


@pytest.mark.parametrize("grad", [False, True], ids=["fused", "autograd"])
@pytest.mark.parametrize("source", ["recorded draws", "seed"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier(recorded, name, source, grad):
    run = recorded(f"m01__E_01_HSE__{name}")
    network = run.network()
    network.load_state_dict(from_legacy(run.state))
    for call in run.about["calls"]:
        rates, systems = run.files(call["args"]["file_id"])
        torch.manual_seed(call["seed"])
        starts = run.starts(call["name"]) if source == "recorded draws" else None
        with torch.set_grad_enabled(grad):
            tokens_BPD = network.encode(run.windows, rates, starts)
            # The legacy head answered a whole batch by the layer of the first sample's system.
            logits_BK = network.head(tokens_BPD, systems[:1].expand_as(systems))
        returned = "out/" + call["name"] + ("/0" if call["args"]["return_feature"] else "")
        expected = run.arrays[returned]
        assert_near(logits_BK[:, : expected.shape[1]], expected)
        assert (logits_BK[:, expected.shape[1] :] == -torch.inf).all()
        if call["args"]["return_feature"]:
            assert_near(tokens_BPD, run.arrays[f"out/{call['name']}/1"])


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_stages_of_a_classifier(recorded, name):
    run = recorded(f"m01__E_01_HSE__{name}")
    network = run.network()
    network.load_state_dict(from_legacy(run.state))
    call = run.about["calls"][0]
    rates, _ = run.files(call["args"]["file_id"])
    embedded = network.embedding(run.windows, rates, run.starts(call["name"]))
    assert_near(embedded, run.arrays["mid/embedding"])
    assert_near(network.backbone(run.arrays["mid/embedding"]), run.arrays["mid/backbone"])


@pytest.mark.parametrize("name", OTHER_HEADS)
def test_encoder_below_other_heads(recorded, name):
    """The encoder is the same below heads that do not classify alone."""
    run = recorded(f"m01__E_01_HSE__{name}")
    network = run.network()
    theirs = {key: tensor for key, tensor in run.state.items() if not key.startswith("task_head.")}
    ours = from_legacy(theirs)
    assert ours.keys() == encoder_state(network.state_dict()).keys()
    network.load_state_dict(network.state_dict() | ours)
    call = run.about["calls"][0]
    rates, _ = run.files(call["args"]["file_id"])
    tokens_BPD = network.encode(run.windows, rates, run.starts(call["name"]))
    assert_near(tokens_BPD, run.arrays["mid/backbone"])


@pytest.mark.parametrize("backbone", ["B_04", "B_06", "B_08", "B_09"])
def test_mixed_batch_of_the_era_that_answered_per_sample(recorded, backbone):
    """For some months of 2025 each sample had its own system's layer, padded with zeros, but one sampling rate."""
    run = recorded(f"m01_era2025-09_multihead__E_01_HSE__{backbone}")
    prefix = "task_heads.classification."
    theirs = {
        key.replace(prefix, "task_head."): tensor
        for key, tensor in run.state.items()
        if key.startswith(("embedding.", "backbone.", prefix))
    }
    network = run.network()
    network.load_state_dict(from_legacy(theirs))
    rates, systems = run.files([101, 201, 601])
    tokens_BPD = network.encode(run.windows, rates[:1].expand_as(rates), run.starts("cls_mixed"))
    logits_BK = network.head(tokens_BPD, systems)
    assert_near(logits_BK.where(logits_BK.isfinite(), 0), run.arrays["out/cls_mixed"])


def test_heads_that_do_not_divide_the_features_are_refused(recorded):
    """The legacy model floored dim / heads; here the document says so, or is refused."""
    run = recorded("m01__E_01_HSE__B_08_relu_nodiv__H_01")
    with pytest.raises(ValidationError, match=r"embedding\.dim is 16 and backbone\.heads is 3"):
        ModelConfig(embedding=run.config.embedding, backbone=run.backbone.model_copy(update={"head_features": None}))


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_activation_reaches_the_layers(recorded, activation):
    run = recorded("m01__E_01_HSE__B_08__H_01")
    config = run.config.backbone.model_copy(update={"activation": activation})
    layer = PatchTST(config, dim=16, patches=20).layers[0]
    assert layer.activation is getattr(functional, activation)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_renaming_there_and_back(recorded, name):
    run = recorded(f"m01__E_01_HSE__{name}")
    back = to_legacy(from_legacy(run.state))
    assert back.keys() == run.state.keys()
    assert all(torch.equal(back[key], run.state[key]) for key in back)


@pytest.mark.parametrize("name", [*CLASSIFIERS, *(f"{backbone}__H_02" for backbone in BACKBONES)])
def test_initial_weights_reproduce_by_seed(recorded, initial_checksums, assert_initial, name):
    """A seed gives the legacy model's initial weights, and leaves the generator where the legacy model left it."""
    run, expected = recorded(f"m01__E_01_HSE__{name}"), initial_checksums[f"m01__E_01_HSE__{name}"]
    torch.manual_seed(expected["seed"])
    network = run.network()
    assert torch.rand(1).item() == expected["next_torch_rand"]
    theirs = to_legacy(network.state_dict())
    assert theirs.keys() == expected["tensors"].keys()
    assert_initial(theirs, expected["tensors"])
