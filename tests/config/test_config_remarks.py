"""Documents that hold together and are seldom meant run, and the user is told."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from twostage.config.document import TwoStageConfig
from twostage.config.load import load_document

STAGE = {"pretrain_mode": "contrastive", "epochs": 1}


def notes(**changes):
    return list(load_document({"stage_1": STAGE, **changes}).notes)


def test_a_usual_document_has_no_remark():
    schedule = {"kind": "cosine", "warmup_epochs": 1.0}
    assert notes(stage_1={**STAGE, "scheduler": schedule}, data={"window": {"placement": "random", "length": 64}}) == []


def test_a_training_within_its_warm_up_is_told():
    (note,) = notes(stage_1={**STAGE, "scheduler": {"kind": "cosine", "warmup_epochs": 1.5}})
    assert note == (
        "stage_1 ends within its warm-up (scheduler.warmup_epochs is 1.5, epochs is 1): its rate never gets to "
        "optimizer.lr"
    )


def test_a_training_shorter_than_its_cadence_is_told():
    (note,) = notes(stage_1={**STAGE, "validate_every": 5.0})
    assert note == "stage_1 is validated once, after its last epoch (validate_every is 5, epochs is 1)"


@pytest.mark.parametrize(
    ("patience", "changes", "told"), [(3, {}, True), (2, {}, False), (5, {"validate_every": 0.5}, False)]
)
def test_a_patience_longer_than_the_training_is_told(patience, changes, told):
    found = notes(stage_1={**STAGE, "epochs": 3, "early_stopping": {"patience": patience}, **changes})
    sentence = "stage_1 never stops early (early_stopping.patience is 3, epochs is 3)"
    assert [note.partition(":")[0] for note in found] == [sentence] * told


def test_a_unified_metric_of_one_system_is_told():
    assert notes(stage_1={"pretrain_mode": "unified_metric", "systems": [1, 2]}) == []
    (note,) = notes(stage_1={"pretrain_mode": "unified_metric", "systems": [1]})
    assert "nothing is compared across systems" in note


def test_windows_shorter_than_a_patch_are_told():
    (note,) = notes(data={"window": {"placement": "random", "length": 63}})
    assert note == (
        "windows of stage_1 have 63 samples, and a patch takes 64 (model.embedding.patch_length): every sample is "
        "repeated in place"
    )


def test_patches_side_by_side_repeat_nothing():
    model = {"embedding": {"kind": "patch", "patch_length": 64, "patches": 1}}
    data = {"window": {"placement": "random", "length": 63}}
    with pytest.raises(ValidationError, match=r"data\.window\.length \(63\) is shorter than model\.embedding\.patch"):
        TwoStageConfig.model_validate({"stage_1": STAGE, "data": data, "model": model})


def test_a_queue_shorter_than_a_batch_and_a_comparison_across_one_system_are_told():
    (note,) = notes(stage_1={**STAGE, "momentum_encoder": {"queue": 8}}, data={"batch_size": 9})
    assert "stage_1.momentum_encoder.queue (8) is less than a batch (9)" in note
    assert notes(stage_1={**STAGE, "momentum_encoder": {"queue": 0}}, data={"batch_size": 9}) == []
    by_label = {**STAGE, "pairing": "class_across_systems", "loss": {"kind": "supcon"}, "systems": [1]}
    (note,) = notes(stage_1=by_label)
    assert "stage_1.systems names one" in note
