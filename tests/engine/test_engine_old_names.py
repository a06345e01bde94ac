"""Results also stand under the names that the old project gave them."""

from __future__ import annotations

import json

import pytest
from rigs import document, write_rig

from twostage import TwoStageRun
from twostage.data.recordings import Recording
from twostage.engine.outcome.old_names import old_names


def recordings(**names):
    return [Recording(i, int(s[1:]), name, 0, 0, "b", 1.0, 1, 1) for i, (s, name) in enumerate(names.items())]


def test_names_of_data_sets_and_of_the_whole():
    found = old_names(
        {"test": {"loss": 0.5, "accuracy": 0.75, "accuracy/1": 0.5, "accuracy/2": 1.0, "macro_f1/1": 0.4}},
        recordings(s1="RM_001_CWRU", s2="RM_002_XJTU"),
    )
    assert found["test_loss"] == found["test_total_loss"] == 0.5
    assert (found["test_acc"], found["test_acc_RM_001_CWRU"], found["test_acc_RM_002_XJTU"]) == (0.75, 0.5, 1.0)
    assert found["test_f1_RM_001_CWRU"] == 0.4
    assert found["test_sys1_classification_test_acc"] == 0.5


def test_a_name_that_two_systems_share_says_nothing():
    found = old_names({"test": {"accuracy/1": 0.5, "accuracy/2": 1.0}}, recordings(s1="A", s2="A"))
    assert "test_acc_A" not in found


def test_names_of_several_tasks():
    metrics = {"anomaly_detection/auroc": 0.9, "anomaly_detection/auroc/3": 0.8, "rul_prediction/loss": 2.0}
    found = old_names({"validation": metrics | {"anomaly_detection/windows/3": 4}}, [])
    assert found == {
        "anomaly_detection_val_auroc": 0.9,
        "val_sys3_anomaly_detection_val_auroc": 0.8,
        "val_rul_prediction_loss": 2.0,
    }


def test_names_of_a_pretraining():
    found = old_names({"validation": {"loss": 1.0, "mse": 2.0, "correlation": 0.5, "metric_loss": 3.0}}, [])
    assert found["val_reconstruction_loss"] == 2.0
    assert found["val_signal_correlation"] == 0.5
    assert found["val_contrastive_loss"] == 3.0
    assert found["val_total_loss"] == 1.0


def test_the_file_of_results_has_both(tmp_path):
    rig = write_rig(tmp_path / "rig", systems=(3,))
    (result, *_) = TwoStageRun(document(rig, tmp_path / "save", stage_1=None)).fit().stages
    stored = json.loads((result.directory / "metrics.json").read_text(encoding="utf-8"))
    assert stored["test_acc_RIG_3"] == stored["test"]["accuracy/3"] == pytest.approx(result.metrics["test/accuracy/3"])
    assert stored["val_total_loss"] == stored["validation"]["loss"]
