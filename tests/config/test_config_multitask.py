"""Documents with several tasks: what is written has an effect, or the document is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from twostage.config.document import TwoStageConfig
from twostage.config.stage_2 import FinetuneConfig, MultitaskConfig
from twostage.config.stage_2.tasks import TASK_NAMES

BASE = {"adapt_mode": "multitask", "targets": [{"system": 1}], "tasks": {"classification": {}, "rul_prediction": {}}}


def refusal(**changes):
    with pytest.raises(ValidationError) as caught:
        MultitaskConfig.model_validate(BASE | changes)
    return str(caught.value)


def test_a_task_that_is_written_has_its_defaults_and_one_that_is_not_does_not_train():
    config = MultitaskConfig.model_validate(BASE)
    assert list(config.tasks.written) == ["classification", "rul_prediction"]
    defaults = {"weight": 1.0, "max_rul": None, "normalize_targets": True, "head": {"kind": "perceptron"}}
    assert config.tasks.rul_prediction.model_dump() == defaults
    assert (config.missing, config.weighting, config.checkpoint.monitor) == ("error", "fixed", "validation/loss")


def test_a_config_that_is_written_out_loads_again():
    config = MultitaskConfig.model_validate(BASE)
    assert MultitaskConfig.model_validate(config.model_dump(mode="json")) == config


def test_a_target_trains_its_own_tasks_in_the_order_of_the_document():
    chosen = ["rul_prediction", "classification"]
    targets = [{"system": 1, "tasks": chosen}, {"system": 1, "tasks": chosen[:1]}, {"system": 2}]
    config = MultitaskConfig.model_validate(BASE | {"targets": targets})
    every = ("classification", "rul_prediction")
    assert [config.tasks_of(target) for target in config.targets] == [every, every[1:], every]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tasks": {}}, "tasks names none"),
        ({"tasks": {"classification": None}}, "tasks names none"),
        ({"tasks": {"rul_prediction": {"max_rul": 5.0, "normalize_targets": False}}}, "max_rul has no effect"),
        ({"tasks": {"anomaly_detection": {"class_weights": [1.0]}}}, "class_weights"),
        ({"tasks": {"anomaly_detection": {"threshold": 1.0}}}, "less than 1"),
        ({"tasks": {"classification": {"weight": 0.0}}}, "greater than 0"),
        (
            {"targets": [{"system": 1, "tasks": ["anomaly_detection"]}]},
            "tasks.anomaly_detection is null or not written",
        ),
        ({"targets": [{"system": 1, "tasks": ["classification"]}]}, "tasks.rul_prediction has no effect"),
        ({"targets": [{"system": 1, "tasks": ["classification"] * 2}]}, "names one task twice"),
        ({"targets": [{"system": 1, "tasks": []}]}, "at least 1 item"),
        ({"targets": [{"system": 1}, {"system": 1}]}, "names one target twice"),
        ({"tasks": {"rul_prediction": {}}, "unlabelled": "exclude"}, "unlabelled: exclude has no effect"),
        ({"freeze": {"backbone": True}, "lr_multipliers": {"backbone": 0.1}}, "has no effect, because freeze.backbone"),
        ({"label_smoothing": 0.1}, "Extra inputs"),
    ],
)
def test_what_would_have_no_effect_is_refused(changes, told):
    assert told in refusal(**changes)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"gradient_balance": {"lr": 0.1}}, "gradient_balance has no effect, because weighting is fixed"),
        (
            {"weighting": "gradient_balanced", "freeze": {"embedding": True, "backbone": True}},
            "compares gradients of the encoder, but freeze keeps it all",
        ),
        ({"weighting": "gradient_balanced", "tasks": {"classification": {}}}, "nothing to balance"),
    ],
)
def test_gradients_that_cannot_be_balanced_are_told(changes, told):
    assert told in refusal(**{"tasks": {"classification": {}, "anomaly_detection": {}}} | changes)


@pytest.mark.parametrize(
    "monitor",
    ["validation/anomaly_detection/auroc", "validation/accuracy/2", "validation/signal_prediction/loss", "train/mse"],
)
def test_a_monitor_that_is_never_logged_is_told(monitor):
    assert f"checkpoint.monitor {monitor} is never logged by adapt_mode multitask" in refusal(
        checkpoint={"monitor": monitor}
    )


def test_a_monitor_of_a_task_that_some_target_leaves_out_is_told():
    targets = [{"system": 1}, {"system": 2, "tasks": ["classification"]}]
    told = refusal(targets=targets, checkpoint={"monitor": "validation/rul_prediction/rmse"})
    assert "is never logged" in told


def test_only_a_multitask_adaptation_has_tasks():
    with pytest.raises(ValidationError, match=r"targets\.tasks has no effect"):
        FinetuneConfig.model_validate({"targets": [{"system": 1, "tasks": ["classification"]}]})


@pytest.mark.parametrize(("length", "fits"), [(224, True), (225, False), (300, False)])
def test_a_forecast_leaves_a_patch_to_see(length, fits):
    document = {
        "data": {"window": {"placement": "evenly_spaced", "length": 256}},
        "model": {"embedding": {"kind": "hse", "patch_length": 32}},
        "stage_2": BASE | {"tasks": {"signal_prediction": {"length": length}}},
    }
    if fits:
        assert TwoStageConfig.model_validate(document).stage_2.tasks.signal_prediction.length == length
    else:
        with pytest.raises(ValidationError, match=r"stage_2\.tasks\.signal_prediction\.length .* leaves less"):
            TwoStageConfig.model_validate(document)


def test_the_best_epoch_has_the_smallest_error_and_the_largest_share():
    for name, mode in (
        ("rul_prediction/nasa_score", "min"),
        ("rul_prediction/nasa_score_mean/1", "min"),
        ("rul_prediction/phm2012_score", "max"),
        ("rul_prediction/r2", "max"),
        ("rul_prediction/rmse/1", "min"),
        ("anomaly_detection/loss", "min"),
        ("anomaly_detection/auroc", "max"),
        ("signal_prediction/correlation", "max"),
    ):
        tasks = {key: {} for key in TASK_NAMES}
        written = BASE | {"tasks": tasks, "checkpoint": {"monitor": f"validation/{name}"}}
        assert MultitaskConfig.model_validate(written).checkpoint.mode == mode
