"""Heads that come from a checkpoint: trained further, or tested as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from rigs import document

from twostage import TwoStageRun, import_checkpoint
from twostage.components import build
from twostage.config.model import LinearHead
from twostage.config.model.task_heads import AnomalyHead
from twostage.data.labels import LabelSpace
from twostage.engine.transfer.checkpoints import load_checkpoint, save_checkpoint
from twostage.errors import TransferError, TwoStageError
from twostage.models.heads.linear import LinearHead as Head
from twostage.models.network import Encoder, Network
from twostage.models.renaming import to_legacy

AS_IT_IS = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 0, "control": "none"}


def written(rig, folder, checkpoint, **stage_2):
    init = {"checkpoint": str(checkpoint), "heads": "loaded"}
    return document(rig, folder / "save", stage_1=None, stage_2=AS_IT_IS | {"init": init} | stage_2)


@pytest.fixture(scope="module")
def imported(rig, tmp_path_factory):
    """The file of an old model with heads for systems 2 and 3, and the network that it came from."""
    folder = tmp_path_factory.mktemp("imported")
    config = TwoStageRun(document(rig, folder / "save")).config
    torch.manual_seed(0)
    network = Network(Encoder(config.model), Head(LinearHead(), dim=16, classes={2: 3, 3: 3}))
    torch.save(to_legacy(network.state_dict()), folder / "old.ckpt")
    import_checkpoint(folder / "old.ckpt", document(rig, folder / "save"), folder / "new.safetensors")
    return folder / "new.safetensors", network


def only_stage(report):
    (stage,) = report.stages
    return stage


def test_an_imported_model_is_tested_as_it_is(rig, tmp_path, imported):
    path, network = imported
    run = TwoStageRun(written(rig, tmp_path, path))
    (told,) = run.preview()
    assert (told.trained, told.epochs) == (0, 0)
    stage = only_stage(run.fit())
    kept = load_checkpoint(stage.directory / "checkpoint.safetensors").tensors
    assert all(torch.equal(tensor, kept[name]) for name, tensor in network.state_dict().items() if name in kept)
    assert "head.layers.3.weight" in kept
    assert "head.layers.2.weight" not in kept
    assert stage.epochs == 0
    assert {"test/accuracy", "validation/macro_f1"} <= stage.metrics.keys()
    transfer = json.loads((stage.directory / "transfer.json").read_text(encoding="utf-8"))
    assert transfer["new"] == []
    assert {"head.layers.3.weight", "head.layers.3.bias"} <= set(transfer["loaded"])
    assert transfer["encoder_share"] == 1.0


def test_heads_train_further_from_where_they_were(rig, tmp_path, imported):
    path, network = imported
    slow = {"kind": "sgd", "lr": 1e-6, "momentum": 0.0}
    changes = {"epochs": 1, "optimizer": slow, "freeze": {"embedding": True, "backbone": True}}
    stage = only_stage(TwoStageRun(written(rig, tmp_path, path, **changes)).fit())
    kept = load_checkpoint(stage.directory / "checkpoint.safetensors").tensors
    ours = network.state_dict()["head.layers.3.weight"]
    torch.testing.assert_close(kept["head.layers.3.weight"], ours, rtol=0, atol=1e-4)
    anew = only_stage(TwoStageRun(written(rig, tmp_path, path, **changes, init={"checkpoint": str(path)})).fit())
    assert anew.transfer.summary()["new"] == 2
    other = load_checkpoint(anew.directory / "checkpoint.safetensors").tensors["head.layers.3.weight"]
    assert not torch.allclose(other, ours, atol=1e-2)


def test_several_heads_are_tested_as_they_are(rig, tmp_path, imported):
    """In the layout of the autumn of 2025: a head for each task."""
    anomaly = AnomalyHead(hidden=6)
    more = {
        f"task_heads.anomaly_detection.anomaly_net.{name.removeprefix('perceptron.')}": tensor
        for name, tensor in build(anomaly, dim=16).state_dict().items()
    }
    old = {
        name.replace("task_head.", "task_heads.classification."): t
        for name, t in to_legacy(imported[1].state_dict()).items()
    }
    torch.save(old | more, tmp_path / "old.ckpt")
    tasks = {"classification": {}, "anomaly_detection": {"head": {"kind": "anomaly", "hidden": 6}}}
    several = {"adapt_mode": "multitask", "tasks": tasks}
    path = tmp_path / "several.safetensors"
    import_checkpoint(tmp_path / "old.ckpt", written(rig, tmp_path, path, **several), path)
    stage = only_stage(TwoStageRun(written(rig, tmp_path, path, **several)).fit())
    assert stage.transfer.new == ()
    kept = load_checkpoint(stage.directory / "checkpoint.safetensors").tensors
    assert torch.equal(
        kept["head.heads.anomaly_detection.perceptron.0.weight"],
        more["task_heads.anomaly_detection.anomaly_net.0.weight"],
    )


def test_a_head_of_our_own_stage_1_goes_on(rig, tmp_path):
    stage_1 = {"pretrain_mode": "custom", "target": "supervised", "systems": [1, 2], "epochs": 1}
    first = only_stage(TwoStageRun(document(rig, tmp_path / "first", stage_1=stage_1, stage_2=None)).fit())
    path = first.directory / "checkpoint.safetensors"
    assert set(load_checkpoint(path).labels) == {1, 2}
    second = only_stage(TwoStageRun(written(rig, tmp_path, path, targets=[{"system": 2}])).fit())
    assert second.transfer.summary()["new"] == 0
    with pytest.raises(TransferError, match=r"head\.layers\.3\.weight is not there"):
        TwoStageRun(written(rig, tmp_path, path)).fit()


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({1: (0, 1, 2), 3: (0, 1, 5)}, r"answers for the labels 0, 1, 5 of system 3, and its labels here are 0, 1, 2"),
        ({}, "answers for the labels nobody knows which of system 3"),
    ],
)
def test_outputs_for_other_labels_are_refused(rig, tmp_path, imported, labels, told):
    path, other = imported[0], tmp_path / "other.safetensors"
    old = load_checkpoint(path)
    save_checkpoint(other, old.tensors, model=old.model, stage="stage_1/seed-0", seen=(), labels=LabelSpace(labels))
    with pytest.raises(TransferError, match=told):
        TwoStageRun(written(rig, tmp_path, other)).fit()


def test_a_head_that_starts_anew_may_have_other_labels(rig, tmp_path, imported):
    other, old = tmp_path / "other.safetensors", load_checkpoint(imported[0])
    known = LabelSpace({2: (0, 1, 2), 3: (0, 1, 5)})
    save_checkpoint(other, old.tensors, model=old.model, stage="stage_1/seed-0", seen=(), labels=known)
    both = {"targets": [{"systems": [2, 3]}], "epochs": 1, "transfer": {"allow_new": ["head.layers.3.*"]}}
    with pytest.raises(TransferError, match="answers for the labels 0, 1, 5 of system 3"):
        TwoStageRun(written(rig, tmp_path, other, **both | {"transfer": {}})).fit()
    without = {name: tensor for name, tensor in old.tensors.items() if not name.startswith("head.layers.3.")}
    save_checkpoint(other, without, model=old.model, stage="stage_1/seed-0", seen=(), labels=known)
    report = only_stage(TwoStageRun(written(rig, tmp_path, other, **both)).fit()).transfer
    assert set(report.new) == {"head.layers.3.weight", "head.layers.3.bias"}


def test_a_head_of_another_size_is_refused_before_anything_runs(rig, tmp_path, imported):
    plan = TwoStageRun(written(rig, tmp_path, imported[0], head={"kind": "perceptron"}))
    with pytest.raises(TransferError, match=r"do not fit: head.*Write the kind and size"):
        plan.fit()
    assert not list(Path(tmp_path).rglob("checkpoint.safetensors"))


@pytest.mark.parametrize(
    ("stage_2", "told"),
    [
        ({"init": {"checkpoint": "x"}}, "epochs is 0, and heads start anew"),
        ({"optimizer": {"kind": "adam"}}, "optimizer would have no effect: epochs is 0"),
        (
            {"adapt_mode": "multitask", "tasks": {"classification": {}}, "weighting": "uncertainty"},
            "weighting would have no effect: epochs is 0",
        ),
        ({"control": ["from_scratch"]}, "control: from_scratch has no effect: epochs is 0, so that nothing trains"),
        ({"adapt_mode": "fewshot", "epochs": 1}, "only adapt_mode finetune and multitask have heads"),
    ],
)
def test_what_would_have_no_effect_is_refused(rig, tmp_path, stage_2, told):
    with pytest.raises(TwoStageError, match=told):
        TwoStageRun(written(rig, tmp_path, "x.safetensors", **stage_2))
