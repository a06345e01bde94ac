"""Whole runs with custom pretraining: every built-in plugin, and a class of the user's with and without consent."""

from __future__ import annotations

import sys

import pandas as pd
import pytest
import torch
from rigs import document
from safetensors.torch import load_file

from twostage import TwoStageRun, run_stage
from twostage.engine.consent import ConsentError
from twostage.errors import DataError
from twostage.objectives.pretrain.custom import PluginError

MINE = """
from pathlib import Path

from twostage.models.heads.reconstruction import ReconstructionHead
from twostage.objectives.base import Objective

Path(__file__).with_name("imported").touch()


class Shrink(Objective):
    def __init__(self, config, network, *, weight):
        super().__init__(config, network)
        self.weight = weight

    @staticmethod
    def head(config, model):
        return ReconstructionHead(model.embedding)

    def loss(self, batch, part):
        tokens = self.network.encode(batch.x_BLC, batch.sample_rate_B)
        return self.weight * self.network.head(tokens).square().mean()
"""


def custom(rig, folder, target, params=None, **rest):
    stage_1 = {"pretrain_mode": "custom", "target": target, "params": params or {}, "systems": [1, 2], "epochs": 1}
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1}
    return document(rig, folder / "save", stage_1=stage_1 | rest, stage_2=stage_2)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "my_shrink.py").write_text(MINE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "my_shrink:Shrink"
    sys.modules.pop("my_shrink", None)


@pytest.mark.parametrize(
    ("target", "logged"),
    [
        ("supervised", {"validation/loss", "validation/macro_f1", "validation/accuracy/1", "validation/accuracy/2"}),
        ("classification_prediction", {"validation/macro_f1/2", "validation/mse", "validation/correlation"}),
        ("flow", {"validation/loss"}),
    ],
)
def test_every_plugin_pretrains_an_encoder_that_is_handed_on(rig, tmp_path, target, logged):
    summary = TwoStageRun(custom(rig, tmp_path, target)).fit()
    pretrained = summary.stage("stage_1/seed-0")
    assert logged <= pretrained.metrics.keys()
    transfer = summary.stage("stage_2/seed-0/system-3/pretrained").transfer
    assert transfer.encoder_share == 1.0
    saved = load_file(pretrained.checkpoint)
    assert set(transfer.loaded) == {name for name in saved if not name.startswith("head.")}


def test_the_epoch_of_a_supervised_pretraining_can_be_chosen_by_its_f1(rig, tmp_path):
    written = custom(rig, tmp_path, "supervised", epochs=2, checkpoint={"monitor": "validation/macro_f1"})
    written["stage_2"] = None
    log = TwoStageRun(written).fit().stage("stage_1/seed-0").directory / "log" / "metrics.csv"
    assert pd.read_csv(log)["validation/macro_f1"].notna().sum() == 2 + 1  # and once more for the epoch that is kept


def test_supervised_pretraining_needs_labels_or_leave_to_do_without(rig_copy, tmp_path):
    table = pd.read_csv(rig_copy / "metadata.csv")
    table.loc[table["Id"] == 1000, "Label"] = -1
    table.to_csv(rig_copy / "metadata.csv", index=False)
    with pytest.raises(DataError, match=r"such as Id 1000; label them, or write stage_1.unlabelled: exclude"):
        TwoStageRun(custom(rig_copy, tmp_path, "supervised")).preview()
    counts = {
        target: TwoStageRun(custom(rig_copy, tmp_path, target, **rest)).preview()[0].recordings
        for target, rest in {"flow": {}, "supervised": {"unlabelled": "exclude"}}.items()
    }
    assert counts["supervised"] == counts["flow"] - 1


def test_labels_do_not_open_what_is_tested_on_to_pretraining(rig, tmp_path):
    """A supervised stage 1 on the target's own system sees none of the samples that stage 2 is tested on."""
    previews = TwoStageRun(custom(rig, tmp_path, "supervised", systems=[1, 3])).preview()
    assert "excluded-for-test" in {notice.code for notice in previews[0].notices}


def test_validation_is_the_same_in_each_epoch(rig, tmp_path):
    """With a small learning rate the network hardly changes, and what is hidden must not change at all."""
    stage_1 = {
        "pretrain_mode": "reconstruction",
        "systems": [1],
        "epochs": 3,
        "optimizer": {"kind": "sgd", "lr": 1e-5, "momentum": 0.0},
        "mask": {"ratio": 0.3, "block": 8, "forecast": 0.2},
    }
    written = document(rig, tmp_path / "save", stage_1=stage_1, stage_2=None)
    written["model"]["backbone"] = {"kind": "dlinear"}  # no running statistics that would move
    result = TwoStageRun(written).fit().stage("stage_1/seed-0")
    table = pd.read_csv(result.directory / "log" / "metrics.csv")
    for name in ("validation/loss", "validation/mse", "validation/correlation"):
        values = table[name].dropna().tolist()
        assert len(values) == 3 + 1  # each epoch, and once more for the one that is kept
        assert values == pytest.approx([values[0]] * 4, rel=1e-3)
    assert result.metrics["validation/mse"] == pytest.approx(result.metrics["validation/loss"], rel=1e-3)


# A class of the user's -------------------------------------------------------------------------------------------


def test_without_consent_nothing_is_imported_or_written(rig, tmp_path, mine):
    run = TwoStageRun(custom(rig, tmp_path, mine, {"weight": 2.0}))
    assert len(run.plan().stages) == 3
    for attempt in (run.preview, run.fit, lambda: run_stage(run.plan().stages[0])):
        with pytest.raises(ConsentError, match=r"stage_1.target is my_shrink:Shrink, .* --allow-custom"):
            attempt()
    assert not (tmp_path / "imported").exists()
    assert not (tmp_path / "save").exists()


def test_with_consent_the_class_pretrains(rig, tmp_path, mine):
    summary = TwoStageRun(custom(rig, tmp_path, mine, {"weight": 2.0}), allow_custom=True).fit()
    assert (tmp_path / "imported").exists()
    assert summary.stage("stage_2/seed-0/system-3/pretrained").transfer.encoder_share == 1.0
    assert torch.isfinite(torch.tensor(summary.stage("stage_1/seed-0").metrics["validation/loss"]))


def test_wrong_parameters_are_told_before_anything_trains(rig, tmp_path, mine):
    with pytest.raises(PluginError, match=r"stage_1.params.wieght: .* did you mean weight\?"):
        TwoStageRun(custom(rig, tmp_path, mine, {"wieght": 2.0}), allow_custom=True).fit()
    assert not (tmp_path / "save").exists()


def test_built_in_plugins_need_no_consent_and_an_adaptation_alone_imports_nothing(rig, tmp_path, mine):
    assert TwoStageRun(custom(rig, tmp_path, "flow")).preview()
    run = TwoStageRun(custom(rig, tmp_path, mine, {"weight": 2.0}))
    scratch = next(stage for stage in run.plan().stages if stage.name.endswith("from_scratch"))
    run.run_stage(scratch)
    assert not (tmp_path / "imported").exists()
