"""Whole runs with complete networks: pretrained, handed over whole, frozen where that is written, refused in time."""

from __future__ import annotations

import pytest
from rigs import document
from safetensors.torch import load_file

from twostage import TwoStageRun, export_run
from twostage.engine.transfer.digest import tensors_digest
from twostage.errors import DataError, TransferError

RESNET = {"network": {"kind": "resnet1d", "layers": [1, 1, 1, 1], "width": 4}}
FINETUNE = {"adapt_mode": "finetune"}
FEWSHOT = {"adapt_mode": "fewshot", "queries": 2, "episodes": 2, "episodes_per_epoch": 2, "support_unit": "recording"}
MULTITASK = {"adapt_mode": "multitask", "tasks": {"classification": {}, "signal_prediction": {"length": 32}}}


def run(rig, output, model, **stage_2):
    """A run of one epoch on a complete network."""
    base = document(rig, output, model=model)
    base["stage_1"]["epochs"] = 1
    base["stage_2"] = {"targets": [{"system": 3}], "epochs": 1, "control": "none"} | stage_2
    return TwoStageRun(base).fit()


@pytest.mark.parametrize("stage_2", [FINETUNE, FEWSHOT, MULTITASK], ids=lambda stage: stage["adapt_mode"])
def test_every_mode_adapts_a_complete_network(rig, tmp_path, stage_2):
    report = run(rig, tmp_path, RESNET, **stage_2).stages[1].transfer
    assert report.encoder_share == 1.0
    assert report.loaded
    assert all(name.startswith("backbone.") for name in report.loaded)
    assert report.digest_saved == report.digest_started


FLOW = {"network": {"kind": "isfm_flow", "length": 256, "hidden": 8, "time_dim": 4, "condition": {"dim": 4}}}
PROMPTED = {
    "network": {"kind": "isfm_prompt", "prompt": {"dim": 8, "max_systems": 4, "max_domains": 2}},
    "embedding": {"kind": "patch", "patch_length": 32, "patches": 8, "dim": 16},
    "backbone": {"kind": "dlinear"},
}


def test_a_flow_over_windows_trains_and_is_handed_over(rig, tmp_path):
    base = document(rig, tmp_path, model=FLOW)
    base["stage_1"] = {"pretrain_mode": "custom", "target": "flow", "systems": [1, 2], "epochs": 1}
    base["stage_2"] |= {"epochs": 1, "control": "none"}
    summary = TwoStageRun(base).fit()
    assert "backbone.trunk.0.weight" in summary.stages[1].transfer.loaded
    assert "head.linear.weight" in load_file(summary.stages[0].checkpoint)
    contract = export_run(summary.directory, tmp_path / "flow.pt", form="torchscript").contract
    assert [each["name"] for each in contract["inputs"]] == ["x", "system", "domain"]
    assert contract["outputs"] == [{"name": "logits", "shape": ["batch", 3]}]


def test_a_prompt_of_the_network_can_be_frozen(rig, tmp_path):
    summary = run(rig, tmp_path, PROMPTED, **FINETUNE, freeze={"prompt": True})
    before, after = (load_file(stage.checkpoint) for stage in summary.stages)
    prompts = [name for name in before if name.startswith("embedding.prompt.")]
    assert prompts
    assert all(before[name].equal(after[name]) for name in prompts)
    assert not before["embedding.signal.conv1.weight"].equal(after["embedding.signal.conv1.weight"])


@pytest.mark.parametrize("kind", ["tspn", "mwa_cnn", "protonet"])
def test_every_other_complete_network_runs_with_its_defaults(rig, tmp_path, kind):
    assert run(rig, tmp_path, {"network": {"kind": kind}}, **FINETUNE).stages[1].transfer.encoder_share == 1.0


def test_a_frozen_network_stays_bit_for_bit(rig, tmp_path):
    summary = run(rig, tmp_path, RESNET, **FINETUNE, freeze={"backbone": True})
    before, after = (load_file(stage.checkpoint) for stage in summary.stages)
    body = [name for name in before if name.startswith("backbone.")]
    assert tensors_digest({n: before[n] for n in body}) == tensors_digest({n: after[n] for n in body})


def test_other_channels_are_refused_before_training(rig, tmp_path):
    other = {"network": RESNET["network"] | {"channels": 2}}
    with pytest.raises(DataError, match=r"model\.network\.channels is 2, but windows have 1 channel"):
        run(rig, tmp_path, other, **FINETUNE)


def test_another_network_is_told(rig, tmp_path):
    first = run(rig, tmp_path / "1", RESNET, **FINETUNE)
    base = document(rig, tmp_path / "2", stage_1=None)
    base["stage_2"]["init"] = {"checkpoint": str(first.stages[0].checkpoint)}
    with pytest.raises(TransferError, match="network resnet1d with dim 32"):
        TwoStageRun(base).fit()
