"""The list of models and the options of one."""

from __future__ import annotations

import json

import pytest

from twostage.config.model import HSE, DLinear, LinearHead, ModelConfig
from twostage.models.network import Encoder


def test_the_list_has_sizes_papers_and_old_names(command):
    code, out, _ = command("models")
    assert code == 0
    assert "does not fit" not in out
    (row,) = [line for line in out.splitlines() if " fno " in line]
    assert "8,684,864" in row
    assert "B_09_FNO" in row


def test_sizes_are_those_of_the_document(command, written):
    file = written(model={"embedding": {"kind": "hse", "dim": 16, "patches": 8, "patch_length": 32}})
    records = {each["kind"]: each for each in json.loads(command("models", "-d", file, "--json")[1])}

    embedding = HSE(dim=16, patches=8, patch_length=32)
    encoder = Encoder(ModelConfig(embedding=embedding, backbone=DLinear()))
    assert records["hse"]["parameters"] == sum(p.numel() for p in encoder.embedding.parameters())
    assert records["dlinear"]["parameters"] == sum(p.numel() for p in encoder.backbone.parameters())
    assert records["linear"]["parameters"] == 16 * 4 + 4
    assert records["projection"]["parameters"] == (16 + 1) * 64 + (64 + 1) * 32
    assert records["isfm_prompt"]["parameters"] > records["isfm"]["parameters"]
    assert records["fno"]["parameters"] == (
        "backbone.modes is 16, but a sequence of 8 tokens (embedding.patches) has 5 frequencies; make patches at least "
        "30, or modes smaller"
    )


@pytest.mark.parametrize("name", ["hse_prompt", "HSE_prompt"])
def test_options_of_one(command, name):
    (record,) = json.loads(command("models", name, "--json")[1])
    options = {each["key"]: each for each in record["options"]}

    assert record["class"] == "twostage.models.embeddings.hse_prompt:HSEPrompt"
    assert options["dim"]["legacy"] == ["output_dim"]
    assert options["prompt.max_systems"]["default"] == 50
    assert options["prompt.combination"]["value"] == "one of add or concat"
    assert "kind" not in options


def test_a_required_option_is_told(command):
    code, out, _ = command("models", "phm_vibench")
    assert code == 0
    (row,) = [line for line in out.splitlines() if line.strip().startswith("root")]
    assert "required" in row


def test_all_lists_other_components_too(command):
    kinds = {each["kind"] for each in json.loads(command("models", "--all", "--no-count", "--json")[1])}
    assert {"phm_vibench", "noise", "supcon", "contrastive", "fewshot", LinearHead().kind} <= kinds


@pytest.mark.parametrize(
    ("kind", "told"),
    [("patchtts", "there is no model 'patchtts'; did you mean patchtst?"), ("zzz", "there are isfm,")],
)
def test_an_unknown_kind(command, kind, told):
    code, out, err = command("models", kind)
    assert (code, out) == (1, "")
    assert told in err
