"""Every mode of both stages by command line, with the whole audit, on the small rig and on the real recordings."""

from __future__ import annotations

import json

import pytest
from rigs import write_rig

from twostage import TwoStageRun

STAGE_1 = {
    "contrastive": {"pretrain_mode": "contrastive"},
    "reconstruction": {"pretrain_mode": "reconstruction", "mask": {"block": 32}},
    "unified_metric": {"pretrain_mode": "unified_metric", "zero_shot": {}},
    "custom": {"pretrain_mode": "custom", "target": "flow"},
}
FEW = {"adapt_mode": "fewshot", "ways": 2, "shots": [1], "queries": 1, "support_unit": "recording", "episodes": 3}
FAULTS = {"classification": {}, "anomaly_detection": {}, "signal_prediction": {"length": 32}}
LIFE = {"rul_prediction": {}, "signal_prediction": {"length": 32}}
STAGE_2 = {
    "contrastive": {"adapt_mode": "finetune"},
    "reconstruction": {"adapt_mode": "multitask", "tasks": FAULTS},
    "unified_metric": FEW | {"episodes_per_epoch": 2},
    "custom": {"adapt_mode": "multitask", "tasks": LIFE},
}
MEASURED = {
    "contrastive": {"test/macro_f1", "test_acc"},
    "reconstruction": {"test/macro_f1", "test/anomaly_detection/auroc", "test/signal_prediction/mse"},
    "unified_metric": {"test/accuracy", "test/accuracy_ci95", "zero_shot/prototype/accuracy", "zero_shot/knn/macro_f1"},
    "custom": {"test/rul_prediction/mae", "test/rul_prediction/phm2012_score", "test/signal_prediction/mse"},
}


def check(command, file, mode):
    """Run it, look whether all is done and measured, and read the same results from Python."""
    assert command("validate", file)[0] == 0
    code, _, err = command("plan", file)
    assert code == 2, err
    code, out, err = command("run", file)
    assert code == 0, err
    assert "Audit" in out
    assert command("plan", file)[0] == 0
    summary = TwoStageRun(file).fit()
    assert [result.name.rpartition("/")[2] for result in summary.stages][1:] == [
        "pretrained",
        "from_scratch",
        "untrained",
        "trivial",
    ]
    written = json.loads((summary.stages[1].directory / "metrics.json").read_text())
    names = {*summary.stages[1].metrics, *written}
    assert names >= MEASURED[mode], sorted(names)


@pytest.mark.parametrize("mode", STAGE_1)
def test_on_the_small_rig(command, written, tmp_path, mode):
    root = {"root": write_rig(tmp_path / "lives", lives=True)} if mode == "custom" else {}
    stage_2 = STAGE_2[mode] | {"targets": [{"system": 3}], "epochs": 1, "control": "audit"}
    check(command, written(**root, stage_1=STAGE_1[mode] | {"systems": [1, 2], "epochs": 1}, stage_2=stage_2), mode)


@pytest.mark.realdata
@pytest.mark.parametrize("mode", STAGE_1)
def test_on_the_real_recordings(command, written, realdata_root, mode):
    """From CWRU and HIT-SM, or one of them, to HIT-SM, and to the lives of FEMTO."""
    target, sources = (3, [1, 17]) if mode == "custom" else (17, [1])
    if mode == "unified_metric":
        sources = [1, 17]
    data = {
        "source": {"kind": "phm_vibench", "root": str(realdata_root)},
        "band": {"kind": "common", "rate": 12000, "high": 3750},
        "window": {"placement": "evenly_spaced", "length": 256, "per_recording": 2},
        "split": {"unit": "recording"},
        "batch_size": 32,
    }
    stage_2 = STAGE_2[mode] | {"targets": [{"system": target}], "epochs": 1, "control": "audit"}
    stage_1 = STAGE_1[mode] | {"systems": sources, "epochs": 1}
    check(command, written(data=data, stage_1=stage_1, stage_2=stage_2), mode)
