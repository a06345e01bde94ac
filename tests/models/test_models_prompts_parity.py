"""Embeddings with prompts, and patches side by side, answer as the legacy ones did."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from twostage.components import build
from twostage.config.model import (
    HSE,
    DistanceHead,
    DLinear,
    HSEPrompt,
    HSEv2,
    ISFMPrompt,
    LinearHead,
    ModelConfig,
    Patch,
    PatchTST,
)
from twostage.config.model.prompts import RigPrompt, SystemPrompt
from twostage.models.embeddings import hse, hse_v2
from twostage.models.embeddings.rig_prompt import RigPrompts
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.network import Encoder, Network
from twostage.models.renaming import from_legacy, to_legacy
from twostage.models.renaming_prompt import IDLE

pytestmark = pytest.mark.realdata

PROMPTED = (
    "HSE_prompt_add__B_04__H_01",
    "HSE_prompt_add__B_08__H_01",
    "HSE_prompt_add_samedim__B_04__H_01",
    "HSE_prompt_concat__B_04__H_01",
    "HSE_prompt_concat__B_08__H_01",
    "HSE_prompt_idmodulo__B_04__H_01",
    "HSE_prompt_noprompt__B_04__H_01",
    "HSE_prompt_noprompt__B_08__H_01",
    "E_01_HSE__B_08__H_01",
)
RIG_ENCODERS = ("B_04__H_01", "B_04__H_02", "B_08__H_01", "B_08__H_02")
FUSIONS = ("attention", "concat", "gating")
PATCHED = ("B_04__H_01", "B_08__H_01")


def assert_near(ours, theirs):
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 1e-5 + 1e-4 * theirs.abs().max()


def embedding_config(legacy, *, prompt=True):
    """Our embedding for a recorded configuration."""
    cut = {"patch_length": legacy["patch_size_L"], "patches": legacy["num_patches"], "dim": legacy["output_dim"]}
    drawn = {**cut, "starts": "random", "evaluation_starts": "as_training"}
    match legacy.get("embedding", "E_01_HSE_v2"):
        case "E_01_HSE":
            return HSE(**drawn)
        case "E_03_Patch":
            wide = {"channels": legacy["input_dim"], "hidden": legacy["d_model"]}
            return Patch(**cut, **wide, activation=legacy["activation"])
        case "HSE_prompt":
            written = SystemPrompt(
                dim=legacy["prompt_dim"],
                combination=legacy["prompt_combination"],
                max_systems=legacy["max_dataset_ids"],
                overflow="wrap",
            )
            return HSEPrompt(**drawn, prompt=written if prompt and legacy["use_prompt"] else None)
        case "E_01_HSE_v2":
            return HSEv2(**drawn, prompt=rig_prompt(legacy) if prompt else None)


def rig_prompt(legacy):
    return RigPrompt(
        dim=legacy["prompt_dim"],
        fusion=legacy["fusion_type"],
        max_systems=legacy["max_dataset_ids"],
        max_domains=legacy["max_domain_ids"],
    )


def backbone_of(run):
    legacy = run.about["config"]
    if legacy["backbone"] == "B_04_Dlinear":
        return DLinear()
    sizes = {"layers": legacy["e_layers"], "heads": legacy["num_heads"], "feedforward": legacy["d_ff"]}
    return PatchTST(**sizes, activation=legacy["activation"])


def encoder_of(run, *, prompt=True):
    """The recorded encoder in ours; without its prompt where the legacy code went on without it."""
    embedding = embedding_config(run.about["config"], prompt=prompt)
    encoder = Encoder(ModelConfig(embedding=embedding, backbone=backbone_of(run))).eval()
    theirs = {k: v for k, v in run.state.items() if not IDLE.fullmatch(k) and not k.startswith("task_head.")}
    ours = from_legacy(theirs)
    if not prompt:
        ours = {k: v for k, v in ours.items() if not k.startswith(("embedding.prompt.", "embedding.mix."))}
    encoder.load_state_dict(ours)
    return encoder


def classifier_of(run, *, prompt=True):
    """The recorded encoder under its linear head."""
    heads = {k: v for k, v in run.state.items() if k.startswith("task_head.")}
    classes = {int(k.split(".")[2]): len(v) for k, v in heads.items() if k.endswith("bias")}
    encoder = encoder_of(run, prompt=prompt)
    network = Network(encoder, Head(LinearHead(), dim=run.about["config"]["output_dim"], classes=classes)).eval()
    network.load_state_dict({**encoder.state_dict(), **from_legacy(heads)})
    return network


def distance_logits(state, tokens_BPD, system):
    """The legacy distance head by its definition, with plain matrices."""
    weights = {k.removeprefix("task_head."): v for k, v in state.items() if k.startswith("task_head.")}

    def linear(name, x):
        return functional.linear(x, weights[f"{name}.weight"], weights.get(f"{name}.bias"))

    z_BPD = linear("proj_in", tokens_BPD)
    query_BD = linear("cross_att.q", z_BPD.mean(dim=1))
    key_BPD, value_BPD = linear("cross_att.kv", z_BPD).chunk(2, dim=-1)
    parts = []
    for head in range(8):
        mine = slice(head * query_BD.shape[1] // 8, (head + 1) * query_BD.shape[1] // 8)
        size = mine.stop - mine.start
        score_BP = (query_BD[:, None, mine] * key_BPD[..., mine]).sum(-1) / size**0.5
        parts.append((score_BP.softmax(-1)[..., None] * value_BPD[..., mine]).sum(1))
    summary_BD = linear("mlp", linear("cross_att.proj", torch.cat(parts, dim=-1)))
    return summary_BD @ weights[f"category_tokes.{system}"][0].T


def about_files(run, file_id):
    """Rates and systems of a call; the legacy model took 1000 Hz, no prompt and system 1 without a file."""
    if file_id is not None:
        return run.files(file_id)
    count = len(run.windows)
    return torch.full((count,), 1000.0), torch.ones(count, dtype=torch.int64)


def went_without_prompt(call):
    """Without a file, or where joining failed and the failure was swallowed."""
    return call["args"].get("file_id", 0) is None or bool(call["printed_warnings"])


@pytest.mark.parametrize("name", PROMPTED)
def test_prompt_model_of_the_release(recorded, name):
    run = recorded(f"m02prompt__{name}")
    networks = {prompt: classifier_of(run, prompt=prompt) for prompt in (True, False)}
    for call in run.about["calls"]:
        rates, systems = about_files(run, call["args"]["file_id"])
        network = networks[not went_without_prompt(call)]
        tokens_BPD = network.encode(run.windows, rates, run.starts(call["name"]), system_B=systems)
        # The legacy head answered a whole batch by the layer of the first sample's system.
        logits_BK = network.head(tokens_BPD, systems[:1].expand_as(systems))
        returned = call["args"].get("return_feature", False)
        expected = run.arrays["out/" + call["name"] + ("/0" if returned else "")]
        assert_near(logits_BK[:, : expected.shape[1]], expected)
        if returned:
            assert_near(tokens_BPD.mean(dim=1), run.arrays[f"out/{call['name']}/1"])


def test_prompts_are_seen_in_these_recordings(recorded):
    """Or the tests above could pass without a prompt."""
    run = recorded("m02prompt__HSE_prompt_add__B_04__H_01")
    rates, systems = run.files([201, 601, 101])
    with_prompt, without = (
        encoder_of(run, prompt=prompt)(run.windows, rates, run.starts("cls_mixed"), system_B=systems)
        for prompt in (True, False)
    )
    assert (with_prompt - without).abs().max() > 0.1


@pytest.mark.parametrize("name", [name for name in PROMPTED if "B_04__H_01" in name and "E_01" not in name])
def test_embedding_and_backbone_of_the_release(recorded, name):
    run = recorded(f"m02prompt__{name}")
    call = run.about["calls"][0]
    rates, systems = about_files(run, call["args"]["file_id"])
    encoder = encoder_of(run)
    told = {} if encoder.embedding.prompt is None else {"system_B": systems}
    embedded = encoder.embedding(run.windows, rates, run.starts(call["name"]), **told)
    assert_near(embedded, run.arrays["mid/embedding"])
    assert_near(encoder.backbone(embedded), run.arrays["mid/backbone"])


def test_prompt_model_under_the_distance_head(recorded):
    run = recorded("m02prompt__HSE_prompt_add__B_04__H_02")
    rates, systems = run.files(101)
    encoder = encoder_of(run)
    tokens_BPD = encoder(run.windows, rates, run.starts("return_feature"), system_B=systems)
    assert_near(tokens_BPD.mean(dim=1), run.arrays["out/return_feature/1"])
    tokens_BPD = encoder(run.windows, rates, run.starts("cls_scalar"), system_B=systems)
    assert_near(distance_logits(run.state, tokens_BPD, 1), run.arrays["out/cls_scalar"])


@pytest.mark.parametrize("name", [f"era2025-09__{fusion}" for fusion in FUSIONS] + ["HEAD_signal_only"])
def test_rig_prompt_embedding(recorded, name):
    run = recorded(f"emb__E_01_HSE_v2__{name}")
    theirs = from_legacy({f"embedding.{key}": tensor for key, tensor in run.state.items()})
    ours = {key.removeprefix("embedding."): tensor for key, tensor in theirs.items()}
    for call in run.about["calls"]:
        prompt = call["name"] == "with_prompt"
        embedding = hse_v2.HSEv2(embedding_config(run.about["config"], prompt=prompt)).eval()
        embedding.load_state_dict({k: v for k, v in ours.items() if prompt or not k.startswith("prompt.")})
        rates = torch.as_tensor(call["args"]["fs"]).float().expand(len(run.windows))
        told = (run.arrays["in/Dataset_id"], run.arrays["in/Domain_id"]) if prompt else ()
        answer = embedding(run.windows, rates, run.starts(call["name"]), *told)
        assert_near(answer, run.arrays[f"out/{call['name']}"])
        if prompt:
            assert_near(embedding.prompt.encoder(*told, rates), run.arrays["mid/prompt"])


@pytest.mark.parametrize("name", RIG_ENCODERS)
def test_rig_prompt_model(recorded, name):
    run = recorded(f"m02prompt_era2025-09__E_01_HSE_v2_attention__{name}")
    distance = name.endswith("H_02")
    for call in run.about["calls"]:
        prompt = call["name"] in {"composed_with_prompt", "end_to_end_B1"}
        windows = run.windows[:1] if call["name"] == "end_to_end_B1" else run.windows
        rates, systems = torch.full((len(windows),), 12000.0), torch.ones(len(windows), dtype=torch.int64)
        # The file of the end-to-end calls was recorded under condition 1.
        domains = torch.tensor([1] if call["name"] == "end_to_end_B1" else [0, 1, 0])
        told = {"system_B": systems, "domain_B": domains}
        model = encoder_of(run, prompt=prompt) if distance else classifier_of(run, prompt=prompt)
        tokens_BPD = model.encode(windows, rates, run.starts(call["name"]), **told)
        logits_BK = distance_logits(run.state, tokens_BPD, 1) if distance else model.head(tokens_BPD, systems)[:, :4]
        assert_near(logits_BK, run.arrays[f"out/{call['name']}"])


def test_prompt_beside_the_plain_embedding(recorded):
    """For some months of 2025 the model joined a prompt of its own with the tokens of the plain embedding."""
    run = recorded("m02prompt_era2025-09__E_01_HSE_gating__B_04__H_02")
    renamed = from_legacy({f"embedding.{key}": v for key, v in run.state.items() if IDLE.fullmatch(key)})
    prompts = RigPrompts(rig_prompt(run.about["config"]), dim=16, dropout=0.1).eval()
    prompts.load_state_dict({key.removeprefix("embedding.prompt."): tensor for key, tensor in renamed.items()})
    encoder = encoder_of(run)
    assert isinstance(encoder.embedding, hse.HSE)
    one = torch.ones(1, dtype=torch.int64)
    embedded = encoder.embedding(run.windows[:1], torch.tensor([12000.0]), run.starts("B1"))
    fused = prompts(embedded, one, one, torch.tensor([12000.0]))
    assert_near(distance_logits(run.state, encoder.backbone(fused), 1), run.arrays["out/B1"])
    network = ISFMPrompt(prompt=rig_prompt(run.about["config"]))
    whole = Encoder(ModelConfig(network=network, embedding=embedding_config(run.about["config"]), backbone=DLinear()))
    theirs = {name: tensor for name, tensor in run.state.items() if not name.startswith("task_head.")}
    whole.eval().load_state_dict(from_legacy(theirs))
    assert to_legacy(whole.state_dict()).keys() == theirs.keys()
    tokens_BPD = whole(run.windows[:1], torch.tensor([12000.0]), run.starts("B1"), system_B=one, domain_B=one)
    assert_near(distance_logits(run.state, tokens_BPD, 1), run.arrays["out/B1"])
    alone = encoder(run.windows, torch.full((3,), 12000.0), run.starts("B3"))
    assert_near(distance_logits(run.state, alone, 1), run.arrays["out/B3"])


@pytest.mark.parametrize("name", PATCHED)
def test_patches_side_by_side(recorded, name):
    run = recorded(f"m01__E_03_Patch__{name}")
    network = classifier_of(run)
    rates, systems = run.files(101)
    assert_near(network.embedding(run.windows), run.arrays["mid/embedding"])
    assert_near(network.encode(run.windows, rates), run.arrays["mid/backbone"])
    assert_near(network(run.windows, rates, systems)[:, :4], run.arrays["out/cls_scalar"])


@pytest.mark.parametrize(
    "name",
    [
        *(f"m02prompt__{n}" for n in (*PROMPTED, "HSE_prompt_add__B_04__H_02")),
        *(f"m01__E_03_Patch__{n}" for n in PATCHED),
    ],
)
def test_initial_weights_and_names(recorded, initial_checksums, assert_initial, name):
    """A seed gives the legacy model's initial weights, under names that lead back to the legacy ones."""
    run, expected = recorded(name), initial_checksums[name]
    model = encoder_of(run)
    back = to_legacy(model.state_dict())
    assert back.keys() == {key for key in run.state if not key.startswith("task_head.")}
    assert all(torch.equal(back[key], run.state[key]) for key in back)
    torch.manual_seed(expected["seed"])
    encoder = Encoder(ModelConfig(embedding=model.embedding.config, backbone=backbone_of(run)))
    head = DistanceHead() if name.endswith("H_02") else LinearHead()
    whole = Network(encoder, build(head, dim=encoder.embedding.config.dim, classes={1: 4, 2: 3, 6: 5}))
    assert torch.rand(1).item() == expected["next_torch_rand"]
    assert_initial(to_legacy(whole.state_dict()), expected["tensors"])
