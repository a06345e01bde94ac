"""Rules of optimisers and schedules that a document can break."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from twostage.config.document import TwoStageConfig


def check(scheduler, lr=1e-3, **stage_2):
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 1}], "scheduler": scheduler} | stage_2
    stage_2["optimizer"] = {"kind": "sgd", "lr": lr}
    return TwoStageConfig.model_validate({"stage_2": stage_2})


def test_a_cosine_may_have_a_period_and_a_lowest_rate():
    scheduler = check({"kind": "cosine", "period": 3, "minimum": 1e-5}).stage_2.scheduler
    assert (scheduler.period, scheduler.minimum) == (3, 1e-5)


@pytest.mark.parametrize("kind", ["cosine", "plateau"])
def test_the_lowest_rate_is_below_the_written_one(kind):
    with pytest.raises(
        ValidationError, match=r"scheduler\.minimum \(0\.001\) must be less than optimizer\.lr \(0\.001\)"
    ):
        check({"kind": kind, "minimum": 1e-3})


def test_the_lowest_rate_is_below_that_of_every_part():
    with pytest.raises(ValidationError, match=r"optimizer\.lr times lr_multipliers\.backbone \(0\.0001\)"):
        check({"kind": "cosine", "minimum": 2e-4}, lr_multipliers={"embedding": 0.5, "backbone": 0.1})


@pytest.mark.parametrize("every", [0.1, 0.25, 1.0, 2.0, 10.0])
def test_a_stage_validates_after_whole_epochs_or_within_one(every):
    assert check({"kind": "constant"}, validate_every=every).stage_2.validate_every == every


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"validate_every": 1.5}, r"validate_every \(1\.5\) must be a whole number of epochs, or a fraction of one"),
        ({"unfreeze": {}}, "unfreeze names no part"),
        ({"unfreeze": {"backbone": 3}, "epochs": 3}, r"unfreeze\.backbone \(3\) must be less than epochs \(3\)"),
        ({"unfreeze": {"backbone": 1}, "freeze": {"backbone": True}}, r"unfreeze\.backbone has no effect"),
    ],
)
def test_what_cannot_be_is_told(changes, text):
    with pytest.raises(ValidationError, match=text):
        check({"kind": "constant"}, **changes)


def test_a_cosine_has_one_floor():
    with pytest.raises(ValidationError, match="name either final_share or minimum, and not both"):
        check({"kind": "cosine", "minimum": 1e-5, "final_share": 0.1})
