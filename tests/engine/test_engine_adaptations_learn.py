"""Each mode of stage 2 learns on a simulated rig: it beats guessing and its untrained self by a margin fixed before."""

from __future__ import annotations

import lightning.pytorch as pl
import pytest
from rigs import document, write_rig

from twostage import TwoStageRun, make_plan
from twostage.engine.inputs.loaders import StageLoaders
from twostage.engine.runner import build_objective
from twostage.engine.training.trainer import quiet
from twostage.engine.workshop import Workshop

MARGIN = 0.15
CLASSES = 4
RATE = {"kind": "adamw", "lr": 3e-3}
MODES = {
    "finetune": {"epochs": 10},
    "fewshot": {"epochs": 6, "episodes_per_epoch": 20, "episodes": 40, "queries": 5},
    "multitask": {
        "epochs": 10,
        "tasks": {"classification": {}, "anomaly_detection": {}, "signal_prediction": {"length": 32}},
    },
}


def adaptation(root, mode):
    """Of the first simulated rig, from scratch: eight bearings of each of four classes, half of them to train with."""
    source = {"kind": "synthetic", "seconds": 1.0, "domains": 1, "severities": 1, "bearings_per_class": 8}
    document = {
        "data": {
            "source": source,
            "window": {"placement": "evenly_spaced", "length": 1024, "per_recording": 12},
            "split": {"unit": "bearing", "train": 0.5, "validation": 0.25, "test": 0.25},
            "batch_size": 32,
        },
        "model": {
            "embedding": {"kind": "hse", "patch_length": 64, "patches": 16, "dim": 32},
            "backbone": {"kind": "patchtst", "layers": 1, "heads": 2, "feedforward": 32},
        },
        "stage_2": {
            "adapt_mode": mode,
            "targets": [{"system": 1}],
            "control": "none",
            "optimizer": RATE,
            **MODES[mode],
        },
        "trainer": {"accelerator": "cpu"},
        "output": {"root": str(root)},
    }
    return TwoStageRun(document)


def untrained(config):
    """What the same network says of the same windows before any step."""
    (stage,) = make_plan(config).stages
    data = Workshop(config).prepare(stage)
    objective = build_objective(stage, data)
    loaders = StageLoaders(data, seed=stage.seed, pairs=False, items=objective.items)
    with quiet():
        trainer = pl.Trainer(accelerator="cpu", logger=False, enable_progress_bar=False)
        loss = trainer.test(objective, datamodule=loaders, verbose=False)[0]["test/loss"]
    return {"loss": loss, **objective.metrics("test")}


@pytest.mark.parametrize("mode", MODES)
def test_an_adaptation_learns(tmp_path, mode):
    run = adaptation(tmp_path, mode)
    before = untrained(run.config)
    (result,) = run.fit().stages
    for name in ("accuracy", "macro_f1"):
        assert result.metrics[f"test/{name}"] > max(1 / CLASSES, before[name]) + MARGIN
    assert result.metrics["test/loss"] < before["loss"]
    if mode == "multitask":
        for name in ("auroc", "auprc"):
            found = result.metrics[f"test/anomaly_detection/{name}"]
            assert found > max(0.5, before[f"anomaly_detection/{name}"]) + MARGIN
        assert result.metrics["test/signal_prediction/mse"] < before["signal_prediction/mse"]


def test_a_remaining_life_is_learnt(tmp_path):
    """The mean life of what is tested has an R2 of 0, which is what guessing can reach."""
    stage_2 = {"adapt_mode": "multitask", "targets": [{"system": 1}], "tasks": {"rul_prediction": {}}, "epochs": 15}
    rig = write_rig(tmp_path / "rig", systems=(1,), lives=True)
    written = document(rig, tmp_path / "save", stage_1=None, stage_2=stage_2 | {"optimizer": RATE, "control": "none"})
    run = TwoStageRun(written)
    before = untrained(run.config)
    (result,) = run.fit().stages
    found = {name: result.metrics[f"test/rul_prediction/{name}"] for name in ("r2", "mae")}
    assert found["r2"] > max(0.0, before["rul_prediction/r2"]) + MARGIN
    assert found["mae"] < before["rul_prediction/mae"]
