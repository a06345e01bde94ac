"""Recorded legacy models, saved as the old project saved them, answer as recorded after their import."""

from __future__ import annotations

import argparse

import pytest
import torch

from twostage import import_checkpoint
from twostage.config.document import TwoStageConfig
from twostage.engine.checkpoints import load_pretrained
from twostage.models.network import Encoder

pytestmark = pytest.mark.realdata

# Each backbone below another head.
RUNS = (
    "m01__E_01_HSE__B_01__H_01",
    "m01__E_01_HSE__B_04__H_09_H01",
    "m01__E_01_HSE__B_06__H_02",
    "m01__E_01_HSE__B_08__MultiTaskHead",
    "m01__E_01_HSE__B_09__H_01",
)


def assert_near(ours, theirs):
    assert (ours - theirs).abs().max() <= 1e-5 + 1e-4 * theirs.abs().max()


def imported(run, folder):
    """The checkpoint of a recorded run as Lightning would have written it, after its import."""
    old = folder / "old.ckpt"
    state = {f"network.{name}": tensor for name, tensor in run.state.items()}
    settings = argparse.Namespace(name="M_01_ISFM", nested=argparse.Namespace(d=1))
    torch.save({"epoch": 3, "state_dict": state, "hyper_parameters": {"args_m": settings}}, old)
    window = {"placement": "evenly_spaced", "length": run.windows.shape[1]}
    document = TwoStageConfig.model_validate(
        {"data": {"window": window}, "model": run.config, "stage_1": {"pretrain_mode": "contrastive"}}
    )
    report = import_checkpoint(old, document, folder / "new.safetensors")
    return report, load_pretrained(folder / "new.safetensors")


@pytest.mark.parametrize("name", RUNS)
def test_tokens_are_those_that_were_recorded(recorded, tmp_path, name):
    run = recorded(name)
    report, checkpoint = imported(run, tmp_path)
    encoder = Encoder(checkpoint.model).eval()
    encoder.load_state_dict(
        {name: tensor for name, tensor in checkpoint.tensors.items() if not name.startswith("head.")}
    )
    call = run.about["calls"][0]
    rates, _ = run.files(call["args"]["file_id"])
    tokens_BPD = encoder(run.windows, rates[:1].expand(len(run.windows)), run.starts(call["name"]))
    assert_near(tokens_BPD, run.arrays["mid/backbone"])
    assert {each.name for each in report.tensors} == {f"network.{name}" for name in run.state}


def test_logits_are_those_that_were_recorded(recorded, tmp_path):
    run = recorded("m01__E_01_HSE__B_08__H_01")
    report, checkpoint = imported(run, tmp_path)
    assert report.left_out == ()
    network = run.network()
    network.load_state_dict(checkpoint.tensors)
    for call in run.about["calls"]:
        rates, systems = run.files(call["args"]["file_id"])
        tokens_BPD = network.encode(run.windows, rates, run.starts(call["name"]))
        logits_BK = network.head(tokens_BPD, systems[:1].expand_as(systems))
        expected = run.arrays["out/" + call["name"] + ("/0" if call["args"]["return_feature"] else "")]
        assert_near(logits_BK[:, : expected.shape[1]], expected)


@pytest.mark.parametrize("backbone", ["B_08", "B_09"])
def test_logits_of_the_time_with_a_head_for_each_task(recorded, tmp_path, backbone):
    """Each sample had its own system's layer, padded with zeros, but one sampling rate."""
    run = recorded(f"m01_era2025-09_multihead__E_01_HSE__{backbone}")
    report, checkpoint = imported(run, tmp_path)
    assert {each.reason for each in report.left_out} == {"a head beside task_heads.classification"}
    network = run.network()
    network.load_state_dict(checkpoint.tensors)
    rates, systems = run.files([101, 201, 601])
    tokens_BPD = network.encode(run.windows, rates[:1].expand_as(rates), run.starts("cls_mixed"))
    logits_BK = network.head(tokens_BPD, systems)
    assert_near(logits_BK.where(logits_BK.isfinite(), 0), run.arrays["out/cls_mixed"])
