"""The distance head, heads within the legacy head of several tasks, and the conditioned transformer, as recorded."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from twostage.components import build
from twostage.config.model import DistanceHead
from twostage.models.renaming import from_legacy, to_legacy

pytestmark = pytest.mark.realdata

BACKBONES = ("B_01", "B_04", "B_06", "B_08", "B_09")
CLASSIFIERS = (
    *(f"m01__E_01_HSE__{backbone}__{head}" for backbone in BACKBONES for head in ("H_02", "H_09_H01", "H_09_H02")),
    "m01__E_01_HSE__B_09__H_09_H01__C1",
)
SEVERAL = "task_head.task_heads."
CONDITIONED = ("H_02__C1", "H_02__C2", "H_04__C1", "H_04__C2")


def assert_near(ours, theirs):
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 1e-5 + 1e-4 * theirs.abs().max()


def classifier(state):
    """The tensors of embedding, backbone and classification head, as if the head were the only one."""
    return {
        name.replace(f"{SEVERAL}classification.", "task_head."): tensor
        for name, tensor in state.items()
        if not name.startswith(f"{SEVERAL}prediction.")
    }


@pytest.mark.parametrize("grad", [False, True], ids=["fused", "autograd"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifier(recorded, name, grad):
    run = recorded(name)
    network = run.network()
    network.load_state_dict(from_legacy(classifier(run.state)))
    calls = [call for call in run.about["calls"] if call["args"].get("task_id", "classification") == "classification"]
    for call in calls:
        rates, systems = run.files(call["args"]["file_id"])
        with torch.set_grad_enabled(grad):
            tokens_BPD = network.encode(run.windows, rates, run.starts(call["name"]))
            feature = call["args"].get("return_feature", False)
            answer = network.head.summary(tokens_BPD)[:, None] if feature else network.head(tokens_BPD, systems)
        expected = run.arrays[f"out/{call['name']}"]
        assert_near(answer[:, : expected.shape[1]], expected)
        assert (answer[:, expected.shape[1] :] == -torch.inf).all()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_renaming_there_and_back(recorded, name):
    theirs = classifier(recorded(name).state)
    back = to_legacy(from_legacy(theirs))
    assert back.keys() == theirs.keys()
    assert all(torch.equal(back[key], theirs[key]) for key in back)


def evenly_cut(run, row):
    """A plain reading of E_02_HSE_v2, an embedding that this package does not have: (B, P, D)."""
    legacy, w, system = run.about["config"], run.state, row["Dataset_id"]
    batch, length, _ = run.windows.shape
    time_BL1 = (torch.arange(length) / row["Sample_rate"]).expand(batch, length)[..., None]
    x_BLC = torch.cat([run.windows, time_BL1], dim=-1)
    size = legacy["patch_size_L"]
    starts = torch.linspace(0, length - size, legacy["num_patches"]).round().long().tolist()
    patches_BPlC = torch.stack([x_BLC[:, start : start + size] for start in starts], dim=1)
    for i, then in ((0, functional.gelu), (2, lambda x: x)):
        name = f"embedding.channel_embedders.{system}.{i}"
        patches_BPlC = then(functional.linear(patches_BPlC, w[f"{name}.weight"], w[f"{name}.bias"]))
    projection = (w["embedding.proj_patch.weight"], w["embedding.proj_patch.bias"])
    return functional.linear(patches_BPlC.flatten(2), *projection) + w["embedding.pos_embed"]


def conditioned(run, *, head):
    """Our backbone, and head if wanted, with the recorded weights."""
    dim, patches = run.about["config"]["hidden_dim"], run.about["config"]["num_patches"]
    parts = nn.ModuleDict({"backbone": build(run.backbone, dim=dim, patches=patches)})
    if head:
        parts["head"] = build(DistanceHead(), dim=dim, classes={1: 4, 2: 3, 6: 5})
    kept = ("backbone.", "task_head.") if head else ("backbone.",)
    parts.load_state_dict(from_legacy({name: t for name, t in run.state.items() if name.startswith(kept)}))
    return parts.eval()


@pytest.mark.parametrize("name", CONDITIONED)
def test_conditioned_transformer(recorded, name):
    run = recorded(f"m02__E_02_HSE_v2__B_10__{name}")
    parts = conditioned(run, head=False)
    assert_near(parts["backbone"](run.arrays["mid/embedding"]), run.arrays["mid/backbone"])
    theirs = {key: tensor for key, tensor in run.state.items() if key.startswith("backbone.")}
    back = to_legacy(parts.state_dict())
    assert back.keys() == theirs.keys()
    assert all(torch.equal(back[key], theirs[key]) for key in back)


@pytest.mark.parametrize("name", CONDITIONED[:2])
def test_conditioned_transformer_below_the_distance_head(recorded, name):
    run = recorded(f"m02__E_02_HSE_v2__B_10__{name}")
    parts = conditioned(run, head=True)
    rows = {row["Id"]: row for row in run.about["metadata_rows"]}
    for call in run.about["calls"]:
        tokens_BPD = evenly_cut(run, rows[call["args"]["file_id"]])
        _, systems = run.files(call["args"]["file_id"])
        expected = run.arrays[f"out/{call['name']}"]
        logits_BK = parts["head"](parts["backbone"](tokens_BPD), systems)
        assert_near(logits_BK[:, : expected.shape[1]], expected)
        assert (logits_BK[:, expected.shape[1] :] == -torch.inf).all()
