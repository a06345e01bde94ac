"""What only the recordings tell is told before anything trains, in a sentence that says what to do."""

from __future__ import annotations

import pandas as pd
import pytest
from rigs import document, write_rig

from twostage import TwoStageRun
from twostage.errors import TwoStageError

STAGE_1 = {"pretrain_mode": "contrastive", "systems": [1, 2], "epochs": 1}
TUNED = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1, "control": "none"}
MANY = {"adapt_mode": "multitask", "targets": [{"system": 3}], "epochs": 1, "control": "none"}
FEW = {
    "adapt_mode": "fewshot",
    "targets": [{"system": 3}],
    "support_unit": "recording",
    "queries": 2,
    "control": "none",
}

SHUFFLED = {"kind": "shuffled"}
TABLE = {
    "more shots than windows": ({"stage_2": FEW | {"shots": [500]}}, "shots"),
    "more ways than classes": ({"stage_2": FEW | {"ways": 9}}, "an episode tells 9 apart"),
    "no remaining life": ({"stage_2": MANY | {"tasks": {"rul_prediction": {}}}}, "column RUL_label"),
    "weights of absent classes": ({"stage_2": TUNED | {"class_weights": [1.0] * 7}}, "class_weights has 7 numbers"),
    "an absent target": ({"stage_2": TUNED | {"targets": [{"system": 99}]}}, "99"),
    "an absent system": ({"stage_1": STAGE_1 | {"systems": [1, 99]}}, "99"),
    "a window longer than recordings": ({"data.window": {"length": 10**6}}, "use shorter w"),
    "a channel that is not there": ({"data.channels": [5]}, "data.channels is [5]"),
    "one window of each recording": ({"data.window": {"per_recording": 1}}, "place more windows per recording"),
    "classes where none are read": (
        {"stage_1": STAGE_1 | {"sampler": {"kind": "balanced_classes"}}},
        "balanced_classes",
    ),
    "batches without two of a class": (
        {"stage_1": STAGE_1 | {"pretrain_mode": "unified_metric", "sampler": SHUFFLED, "batch_size": 2}},
        "no two of the 2 windows of a batch belong together",
    ),
    "a batch of one recording": (
        {"stage_1": STAGE_1 | {"systems": [1], "sampler": SHUFFLED, "batch_size": 2}},
        "all 4 windows",
    ),
    "more processes than cores": ({"trainer": {"accelerator": "cpu", "devices": 4096}}, "devices is 4096"),
}


@pytest.mark.parametrize("name", TABLE)
def test_it_is_told_before_anything_trains(rig, tmp_path, name):
    changes, message = TABLE[name]
    written = document(rig, tmp_path / "save", stage_1=STAGE_1, stage_2=TUNED)
    for key, value in changes.items():
        if "." in key:
            section, inner = key.split(".")
            held = written[section].get(inner)
            written[section][inner] = held | value if isinstance(held, dict) else value
        else:
            written[key] = value
    with pytest.raises(TwoStageError) as caught:
        TwoStageRun(written).fit()
    assert message in str(caught.value)
    assert not list((tmp_path / "save").rglob("checkpoint.safetensors"))


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """Recordings of one class alone."""
    return write_rig(tmp_path_factory.mktemp("healthy"), classes=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "1 labelled class"),
        ({"stage_1": STAGE_1 | {"pretrain_mode": "unified_metric"}, "stage_2": None}, "1 labelled class"),
        ({"stage_2": MANY | {"tasks": {"anomaly_detection": {}}}}, "tasks.anomaly_detection cannot be trained"),
        ({"stage_2": MANY | {"tasks": {"classification": {}}}}, "tasks.classification cannot be trained"),
        ({"stage_2": FEW}, "1 labelled class"),
    ],
)
def test_one_class_is_nothing_to_tell_apart(healthy, tmp_path, changes, message):
    with pytest.raises(TwoStageError) as caught:
        TwoStageRun(document(healthy, tmp_path / "save", **{"stage_1": STAGE_1, "stage_2": TUNED} | changes)).fit()
    assert message in str(caught.value)
    assert not list((tmp_path / "save").rglob("checkpoint.safetensors"))


def test_an_area_under_a_curve_of_one_class_selects_nothing(tmp_path):
    """A class with two bearings only trains, so that the validation of stage 1 shows the other alone."""
    rig = write_rig(tmp_path / "rig", systems=(1, 2), classes=2)
    table = pd.read_csv(rig / "metadata.csv")
    few = table[table["Label"] == 1].groupby("Dataset_id").head(2)["Id"]
    table["Label"] = table["Id"].isin(few).astype(int)
    table.to_csv(rig / "metadata.csv", index=False)
    split = {"unit": "bearing", "train": 0.6, "validation": 0.2, "test": 0.2, "few_bearings": "train_only"}
    monitored = {"split": split, "checkpoint": {"monitor": "validation/auroc"}}
    stage_1 = STAGE_1 | monitored | {"pretrain_mode": "unified_metric"}
    with pytest.raises(TwoStageError, match="which needs windows of two classes, but the validation part does not"):
        TwoStageRun(document(rig, tmp_path / "save", stage_1=stage_1, stage_2=None)).fit()
    assert not list((tmp_path / "save").rglob("checkpoint.safetensors"))
