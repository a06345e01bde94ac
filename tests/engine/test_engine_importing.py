"""Old checkpoints come in whole, in every layout, and without anything of them being run."""

from __future__ import annotations

import argparse
import json
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from rigs import document

from twostage import TwoStageRun, import_checkpoint
from twostage.components import build
from twostage.config.model import LinearHead
from twostage.config.model.task_heads import RulHead
from twostage.engine.transfer.checkpoints import load_pretrained
from twostage.errors import OutputError, TransferError, TwoStageError
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.network import Encoder, Network
from twostage.models.renaming import to_legacy


@pytest.fixture(scope="module")
def written(rig, tmp_path_factory):
    return document(rig, tmp_path_factory.mktemp("save") / "save")


@pytest.fixture(scope="module")
def network(written):
    torch.manual_seed(0)
    return Network(Encoder(TwoStageRun(written).config.model), Head(LinearHead(), dim=16, classes={1: 3, 2: 3}))


@pytest.fixture
def legacy(network):
    """The state dict of the old project's model with the same weights."""
    return {name: tensor.clone() for name, tensor in to_legacy(network.state_dict()).items()}


def saved(path, content):
    torch.save(content, path)
    return path


def renamed(state, old, new):
    return {name.replace(old, new, 1) if name.startswith(old) else name: tensor for name, tensor in state.items()}


LAYOUTS = {
    "Lightning": lambda s: {"state_dict": {f"network.{n}": t for n, t in s.items()}, "epoch": 1},
    "Lightning with the task's own tensors": lambda s: {
        "state_dict": {f"network.{n}": t for n, t in s.items()} | {"loss_fn.weight": torch.ones(2)}
    },
    "bare": lambda s: s,
    "bare under model.": lambda s: {f"model.{n}": t for n, t in s.items()},
    "several devices": lambda s: {f"module.network.{n}": t for n, t in s.items()},
    "model_state_dict": lambda s: {"model_state_dict": s, "optimizer": {}},
    "a head for each task": lambda s: (
        renamed(s, "task_head.", "task_heads.classification.")
        | {"task_heads.rul_prediction.rul_net.0.bias": torch.ones(1)}
    ),
    "a single head": lambda s: renamed(s, "task_head.", "_single_task_head."),
    "heads inside": lambda s: (
        renamed(s, "task_head.", "task_head.task_heads.classification.")
        | {"task_head.task_heads.prediction.bias": torch.ones(1)}
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_weights(network, legacy, written, tmp_path, layout):
    old = saved(tmp_path / "old.ckpt", LAYOUTS[layout](legacy))
    report = import_checkpoint(old, written, tmp_path / "new.safetensors")
    checkpoint = load_pretrained(tmp_path / "new.safetensors")

    ours = network.state_dict()
    assert checkpoint.tensors.keys() == ours.keys()
    assert all(torch.equal(checkpoint.tensors[name], ours[name]) for name in ours)
    assert len(report.loaded) == len(legacy)
    manifest = json.loads((tmp_path / "new.safetensors.json").read_text(encoding="utf-8"))
    assert manifest["digest"] == checkpoint.digest
    assert {each["name"] for each in manifest["tensors"]} == set(_flat(LAYOUTS[layout](legacy)))


def _flat(content):
    return content.get("state_dict") or content.get("model_state_dict") or content


def test_what_is_left_out_is_told_with_its_reason(legacy, written, tmp_path):
    heads = renamed(legacy, "task_head.mutiple_fc", "task_head.other_layers")
    old = saved(
        tmp_path / "old.ckpt",
        {"state_dict": {f"network.{n}": t for n, t in heads.items()} | {"log_var": torch.ones(1)}},
    )
    report = import_checkpoint(old, written, tmp_path / "new.safetensors")
    reasons = {each.name: each.reason for each in report.left_out}
    assert reasons["log_var"] == "no part of the network: neither embedding, backbone nor head"
    assert reasons["network.task_head.other_layers.1.weight"].startswith("a head of another kind; stage 2 makes")
    assert len(reasons) == 5
    assert report.assumed == {
        "model.embedding.patch_length": 32,
        "model.embedding.patch_channels": 1,
        "model.embedding.patches": 8,
        "model.backbone.heads": 2,
        "model.backbone.activation": "gelu",
    }


SEVERAL = {"classification": {}, "rul_prediction": {"head": {"kind": "rul", "hidden": 6}}}


@pytest.fixture
def several(legacy):
    """The old file of a model with two heads, and the weights of the second."""
    config = RulHead(hidden=6)
    life = {f"rul_net.{n.removeprefix('perceptron.')}": t for n, t in build(config, dim=16).state_dict().items()}
    heads = {f"task_heads.rul_prediction.{name}": tensor for name, tensor in life.items()}
    return renamed(legacy, "task_head.", "task_heads.classification.") | heads, life


def multitask(written, tasks):
    return written | {"stage_2": {"adapt_mode": "multitask", "targets": [{"system": 3}], "tasks": tasks}}


def test_heads_come_in_for_the_tasks_of_the_document(network, several, written, tmp_path):
    state, life = several
    old = saved(tmp_path / "old.ckpt", state)
    report = import_checkpoint(old, multitask(written, SEVERAL), tmp_path / "new.safetensors")
    tensors, ours = load_pretrained(tmp_path / "new.safetensors").tensors, network.state_dict()
    assert report.left_out == ()
    assert torch.equal(tensors["head.heads.classification.layers.2.bias"], ours["head.layers.2.bias"])
    assert torch.equal(tensors["head.heads.rul_prediction.perceptron.3.weight"], life["rul_net.3.weight"])


@pytest.mark.parametrize(
    "case",
    [
        ("model", {"classification": {}}, "a head for rul_prediction, which is no task of the document"),
        ("encoder", SEVERAL, "a head, and the encoder alone was asked for"),
    ],
)
def test_other_heads_are_left_out_with_the_reason(several, written, tmp_path, case):
    part, tasks, reason = case
    old = saved(tmp_path / "old.ckpt", several[0])
    report = import_checkpoint(old, multitask(written, tasks), tmp_path / "new.safetensors", part=part)
    reasons = {each.name: each.reason for each in report.left_out}
    assert reasons["task_heads.rul_prediction.rul_net.0.bias"] == reason
    assert ("task_heads.classification.mutiple_fc.1.bias" in reasons) is (part == "encoder")


def test_a_head_of_another_size_is_refused_by_name(several, written, tmp_path):
    old = saved(tmp_path / "old.ckpt", several[0])
    wider = SEVERAL | {"rul_prediction": {"head": {"kind": "rul", "hidden": 8}}}
    with pytest.raises(TransferError) as caught:
        import_checkpoint(old, multitask(written, wider), tmp_path / "new.safetensors")
    assert "head.heads.rul_prediction.perceptron.0.weight is (6, 16), expected (8, 16)" in str(caught.value)
    assert "leave heads out by --part encoder" in str(caught.value)
    assert list(tmp_path.iterdir()) == [old]


def test_stage_2_adapts_from_it_where_stage_1_is_switched_off(legacy, written, tmp_path):
    old = saved(tmp_path / "old.ckpt", {"state_dict": {f"network.{n}": t for n, t in legacy.items()}})
    new = tmp_path / "new.safetensors"
    import_checkpoint(old, written, new)
    changed = written | {
        "stage_1": written["stage_1"] | {"enabled": False},
        "stage_2": written["stage_2"] | {"init": {"checkpoint": str(new)}, "epochs": 1},
    }
    summary = TwoStageRun(changed).fit()

    assert [result.name for result in summary.stages] == [
        "stage_2/seed-0/system-3/pretrained",
        "stage_2/seed-0/system-3/from_scratch",
    ]
    adapted = summary.stages[0]
    assert adapted.transfer.encoder_share == 1.0
    assert adapted.transfer.digest_saved == adapted.transfer.digest_started
    assert [notice.code for notice in adapted.notices] == ["unknown-origin"]
    assert "contrastive" not in summary.directory.name
    assert "unknown-origin" in [notice.code for stage in TwoStageRun(changed).preview() for notice in stage.notices]


class Calls:
    """What a hostile file asks for when it is unpickled."""

    def __init__(self, function, *arguments):
        self.asked = (function, arguments)

    def __reduce__(self):
        return self.asked


@pytest.mark.parametrize("bare", [False, True])
def test_nothing_of_a_hostile_file_is_run(written, tmp_path, legacy, bare):
    trap = tmp_path / "trap"
    call = Calls(exec, f"open({str(trap)!r}, 'w')")
    old = saved(tmp_path / "old.ckpt", call if bare else {"state_dict": legacy, "hyper_parameters": {"x": call}})
    with pytest.raises(TransferError, match=r"builtins\.exec would have to be run"):
        import_checkpoint(old, written, tmp_path / "new.safetensors")
    assert not trap.exists()
    assert not (tmp_path / "new.safetensors").exists()


def test_a_command_of_the_system_is_not_run_either(written, tmp_path):
    import os  # noqa: PLC0415 - what the file names

    trap = tmp_path / "trap"
    old = saved(tmp_path / "old.ckpt", {"state_dict": {}, "x": Calls(os.system, f"touch {trap}")})
    with pytest.raises(TransferError, match=r"posix\.system would have to be run.*save its entry state_dict"):
        import_checkpoint(old, written, tmp_path / "new.safetensors")
    assert not trap.exists()


def test_settings_of_the_old_project_are_passed_over(written, legacy, tmp_path, monkeypatch):
    """Also when their class would have run something: it is never imported, nor is any of its methods called."""
    trap = tmp_path / "trap"
    module = ModuleType("src.configs.config_utils")

    class ConfigWrapper(SimpleNamespace):
        def __setstate__(self, state):
            trap.touch()

    ConfigWrapper.__module__, ConfigWrapper.__qualname__ = module.__name__, "ConfigWrapper"
    module.ConfigWrapper = ConfigWrapper
    for name in ("src", "src.configs"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings = {"args_m": ConfigWrapper(d=1), "args_t": argparse.Namespace(x=ConfigWrapper())}
    old = saved(tmp_path / "old.ckpt", {"state_dict": legacy, "hyper_parameters": settings, "folder": tmp_path})
    assert len(import_checkpoint(old, written, tmp_path / "new.safetensors").loaded) == len(legacy)
    assert not trap.exists()


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("model.embedding.dim=32", "embedding.linear1.weight is (16, 64), expected (32, 64)"),
        ("model.backbone.layers=2", "backbone.layers.1.self_attn.in_proj_weight is missing, expected (48, 16)"),
        ("model.backbone={kind: dlinear}", "backbone.layers.0.self_attn.in_proj_weight (48, 16) has no place"),
    ],
)
def test_another_encoder_is_refused_tensor_by_tensor(written, legacy, tmp_path, override, told):
    old = saved(tmp_path / "old.ckpt", legacy)
    with pytest.raises(TransferError) as caught:
        import_checkpoint(old, written, tmp_path / "new.safetensors", overrides=[override])
    assert told in str(caught.value)
    assert "Nothing was written" in str(caught.value)
    assert list(tmp_path.iterdir()) == [old]


def test_an_unknown_part_of_the_encoder_is_refused(written, legacy, tmp_path):
    old = saved(tmp_path / "old.ckpt", legacy | {"embedding.gate.weight": torch.ones(1)})
    with pytest.raises(TransferError, match=r"embedding\.gate\.weight has no counterpart"):
        import_checkpoint(old, written, tmp_path / "new.safetensors")


def test_of_compared_backbones_the_one_that_fits_is_taken(written, legacy, tmp_path):
    backbones = [{"kind": "dlinear"}, written["model"]["backbone"]]
    model = {"embedding": written["model"]["embedding"]}
    changed = written | {"model": model, "stage_1": written["stage_1"] | {"backbones": backbones}}
    old = saved(tmp_path / "old.ckpt", legacy)
    assert import_checkpoint(old, changed, tmp_path / "new.safetensors").model["backbone"]["kind"] == "patchtst"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"epoch": 3}, "holds no state dict: epoch is no tensor"),
        ({}, "holds no state dict"),
        ({"weight": torch.ones(1)}, "holds no tensor named embedding"),
    ],
)
def test_files_of_another_kind_are_told(written, tmp_path, content, told):
    old = saved(tmp_path / "old.ckpt", content)
    with pytest.raises(TransferError, match=told):
        import_checkpoint(old, written, tmp_path / "new.safetensors")


def test_a_file_that_is_no_checkpoint_or_not_there(written, tmp_path):
    old = tmp_path / "old.ckpt"
    with pytest.raises(TransferError, match="does not exist"):
        import_checkpoint(old, written, tmp_path / "new.safetensors")
    old.write_bytes(b"not weights")
    with pytest.raises(TransferError, match="cannot be read as weights alone"):
        import_checkpoint(old, written, tmp_path / "new.safetensors")


def test_an_existing_file_stays(written, legacy, tmp_path):
    old, new = saved(tmp_path / "old.ckpt", legacy), tmp_path / "new.safetensors"
    new.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="exists already"):
        import_checkpoint(old, written, new)
    assert new.read_text(encoding="utf-8") == "mine"
    import_checkpoint(old, written, new, replace=True)
    assert load_pretrained(new).stage == "stage_1/imported"


@pytest.mark.parametrize(
    ("stage_1", "stage_2", "told"),
    [
        ({"enabled": False}, None, "a document needs stage_1, stage_2 or both; stage_1.enabled is false"),
        ({}, {"init": {"checkpoint": "x"}}, "leave one of them out, or write stage_1.enabled: false"),
        ({"enabled": False, "epochs": 0}, {}, "stage_1.epochs: expected a whole number of at least 1, found 0"),
    ],
)
def test_a_stage_that_is_switched_off_is_still_checked(written, stage_1, stage_2, told):
    changed = {
        "stage_1": written["stage_1"] | stage_1,
        "stage_2": None if stage_2 is None else written["stage_2"] | stage_2,
    }
    with pytest.raises(TwoStageError) as caught:
        TwoStageRun(written | changed)
    assert told in str(caught.value)


@pytest.mark.parametrize("wrapper", ["", "network."])
def test_a_complete_network_comes_in_too(written, tmp_path, wrapper):
    network = {"kind": "resnet1d", "layers": [1, 1, 1, 1], "width": 4}
    changed = written | {"model": {"network": network}}
    ours = Encoder(TwoStageRun(changed).config.model).state_dict()
    state = {f"{wrapper}{name}": tensor for name, tensor in to_legacy(ours).items()}
    import_checkpoint(saved(tmp_path / "old.ckpt", state | {"other.bias": torch.ones(1)}), changed, tmp_path / "new")
    tensors = load_pretrained(tmp_path / "new").tensors
    assert tensors.keys() == ours.keys()
    assert all(torch.equal(tensors[name], ours[name]) for name in ours)
