"""Recorded legacy models, saved with their settings as the old project saved them, answer as recorded after import."""

from __future__ import annotations

import argparse
import json
import re

import pytest
import torch
import yaml
from shared_data import SHARED

from twostage import import_checkpoint
from twostage.engine.importing.old_weights import plain_names
from twostage.engine.transfer.checkpoints import load_pretrained
from twostage.models.network import ENCODER_PREFIXES, Encoder, encoder_state
from twostage.models.renaming import from_legacy
from twostage.models.renaming_prompt import IDLE

pytestmark = pytest.mark.realdata

FAMILIES = {"m01": "M_01_ISFM", "m02prompt": "M_02_ISFM_Prompt", "m04flow": "M_04_ISFM_Flow"}
OTHERS = {"resnet1d_basic": "ResNet1D", "resnet1d_bottleneck": "ResNet1D", "mwa_cnn": "MWA_CNN", "tspn": "TSPN"}
INDEX = SHARED / "parity" / "index.json"
NAMES = [each["id"] for each in (json.loads(INDEX.read_text(encoding="utf-8")) if INDEX.exists() else [])]
NOT_IN_FILES = ("num_classes", "num_channels")
LAYOUT_TASKS = ("rul_prediction", "anomaly_detection", "signal_prediction")
OUTER = "m02prompt_era2025-09__E_01_HSE_gating__B_04__H_02"


def assert_near(ours, theirs):
    assert (ours - theirs).abs().max() <= 1e-5 + 1e-4 * theirs.abs().max()


def family(name):
    return OTHERS.get(name) or FAMILIES.get(name.partition("__")[0].partition("_")[0])


# What the old project could build from a file. The embedding of m02 is not here.
RUNS = [name for name in NAMES if family(name)]


def imported(run, folder, *overrides):
    """The checkpoint of a recorded run as Lightning would have written it, beside its old document, after import."""
    old, settings = folder / "old.ckpt", argparse.Namespace(nested=argparse.Namespace(d=1))
    state = {f"network.{name}": tensor for name, tensor in run.state.items()}
    torch.save({"epoch": 3, "state_dict": state, "hyper_parameters": {"args_m": settings}}, old)
    model = {key: value for key, value in run.about["config"].items() if key not in NOT_IN_FILES}
    document = {
        "data": {"data_dir": "data", "metadata_file": "metadata.xlsx", "window_size": run.windows.shape[1]},
        "model": model | {"name": family(run.about["id"])},
        "task": {"name": "classification", "type": "DG", "target_system_id": [1], "epochs": 2},
        "trainer": {"name": "Default_trainer"},
    }
    (folder / "old.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    report = import_checkpoint(old, folder / "old.yaml", folder / "new.safetensors", overrides=overrides)
    return report, load_pretrained(folder / "new.safetensors")


@pytest.mark.parametrize("name", RUNS)
def test_every_run_comes_in_by_its_old_document(recorded, tmp_path, name):
    run = recorded(name)
    # The old flow read the rows of its tables from the metadata: the largest id, and 11.
    rows = {"max_domains": 12, "max_systems": 17} if name == "m04flow" else {}
    overrides = [f"model.network.condition.{key}={count}" for key, count in rows.items()]
    report, checkpoint = imported(run, tmp_path, *overrides)
    assert {each.name for each in report.tensors} == {f"network.{name}" for name in run.state}
    theirs = {key: tensor for key, tensor in run.state.items() if not IDLE.fullmatch(key)}
    kept = {each.name.removeprefix("network.") for each in report.loaded}
    assert {key for key in theirs if key.startswith(ENCODER_PREFIXES)} <= kept
    ours = encoder_state(from_legacy({key: theirs[key] for key in kept if key in theirs}))
    encoder = Encoder(checkpoint.model)
    encoder.load_state_dict(encoder_state(checkpoint.tensors))
    assert all(torch.equal(tensor, ours[key]) for key, tensor in encoder.state_dict().items())


@pytest.mark.parametrize("name", [name for name in RUNS if re.fullmatch(r"m01__.*__(H_01|H_09_H02)", name)])
def test_tokens_are_those_that_were_recorded(recorded, tmp_path, name):
    run = recorded(name)
    overrides = ["model.backbone.period_choice=per_batch"] if "B_06" in name else []
    _, checkpoint = imported(run, tmp_path, *overrides)
    encoder = Encoder(checkpoint.model).eval()
    encoder.load_state_dict(encoder_state(checkpoint.tensors))
    call = run.about["calls"][0]
    rates, _ = run.files(call["args"]["file_id"])
    rates = rates[:1].expand(len(run.windows))
    starts = () if checkpoint.model.embedding.kind == "patch" else (run.starts(call["name"]),)
    assert_near(encoder(run.windows, rates, *starts), run.arrays["mid/backbone"])


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
    assert {each.reason for each in report.left_out} == {
        f"a head for {task}, which is no task of the document" for task in LAYOUT_TASKS
    }
    network = run.network()
    network.load_state_dict(checkpoint.tensors)
    rates, systems = run.files([101, 201, 601])
    tokens_BPD = network.encode(run.windows, rates[:1].expand_as(rates), run.starts("cls_mixed"))
    logits_BK = network.head(tokens_BPD, systems)
    assert_near(logits_BK.where(logits_BK.isfinite(), 0), run.arrays["out/cls_mixed"])


ALL = ("classification", *LAYOUT_TASKS)
SEVERAL = {
    "m01_era2025-09_multihead__E_01_HSE__B_08": ALL,
    "m01__E_01_HSE__B_08__MultiTaskHead": ALL,
    "m01__E_01_HSE__B_04__H_09_H02": ("classification", "signal_prediction"),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_every_head_comes_in_where_the_document_has_its_task(recorded, tmp_path, name):
    """``test_models_parity_heads`` has their answers."""
    run = recorded(name)
    tasks = ", ".join(f"{task}: {{}}" for task in SEVERAL[name])
    stage_2 = f"stage_2={{adapt_mode: multitask, targets: [{{system: 1}}], tasks: {{{tasks}}}}}"
    report, checkpoint = imported(run, tmp_path, stage_2)
    assert report.left_out == ()
    expected = from_legacy(run.state)
    assert checkpoint.tensors.keys() == expected.keys()
    assert all(torch.equal(checkpoint.tensors[key], tensor) for key, tensor in expected.items())


# Numbers of the layers with weights, without and with the dropouts of before August 2025.
DROPOUTS = {
    "shared_layers": {0: 0, 1: 1, 3: 4, 4: 5},
    "fault_classification_heads": {0: 0, 2: 3},
    "anomaly_detection_head": {0: 0, 2: 3},
    "rul_prediction_head": {0: 0, 2: 3, 4: 6},
}


def with_dropouts(name):
    for part, numbers in DROPOUTS.items():
        if match := re.fullmatch(rf"(task_head\.{part}\.(?:.+\.)?)(\d+)(\.\w+)", name):
            return f"{match[1]}{numbers[int(match[2])]}{match[3]}"
    return name


def test_a_multitask_head_with_dropouts_is_numbered_as_the_later_ones(recorded):
    state = recorded("m01__E_01_HSE__B_08__MultiTaskHead").state
    older = {with_dropouts(name): tensor for name, tensor in state.items()}
    assert len(older.keys() - state.keys()) > 10
    tensors = plain_names(older, tasks=ALL).tensors
    assert tensors.keys() == state.keys()
    assert all(tensors[name] is tensor for name, tensor in state.items())


def test_a_prompt_beside_the_embedding_comes_in_where_the_document_has_one(recorded, tmp_path):
    """The old code went on without it for every batch of more than one, and so does the old document here."""
    run = recorded(OUTER)
    report, _ = imported(run, tmp_path)
    assert {each.reason for each in report.left_out} == {
        "a prompt beside the embedding; model.network.kind: isfm_prompt has one"
    }
    (tmp_path / "with").mkdir()
    sizes = {key: run.about["config"][key] for key in ("prompt_dim", "max_dataset_ids", "max_domain_ids")}
    prompt = "{{dim: {prompt_dim}, fusion: gating, max_systems: {max_dataset_ids}, max_domains: {max_domain_ids}}}"
    network = f"model.network={{kind: isfm_prompt, prompt: {prompt.format(**sizes)}}}"
    report, checkpoint = imported(run, tmp_path / "with", network)
    assert report.left_out == ()
    assert {each.ours for each in report.loaded} == checkpoint.tensors.keys()
    Encoder(checkpoint.model).load_state_dict(encoder_state(checkpoint.tensors))
