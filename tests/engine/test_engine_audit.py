"""The audit: every control meets the windows of the adaptation, and each is what its name says."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from pydantic import ValidationError
from rigs import document, write_rig
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from twostage import TwoStageRun
from twostage.config.document import TwoStageConfig
from twostage.engine.transfer.checkpoints import load_checkpoint
from twostage.legacy.earlier import earlier_runs
from twostage.models.network import encoder_state

TASKS = {"classification": {}, "anomaly_detection": {}, "rul_prediction": {}, "signal_prediction": {"length": 32}}
EPISODES = {"queries": 2, "episodes": 8, "episodes_per_epoch": 2, "support_unit": "recording"}
MODES = {
    "finetune": {},
    "fewshot": EPISODES,
    "multitask": {"tasks": TASKS},
}
BESIDE = ("pretrained", "from_scratch", "untrained", "trivial")


@pytest.fixture(scope="module")
def living(tmp_path_factory):
    return write_rig(tmp_path_factory.mktemp("living"), lives=True)


@pytest.fixture(scope="module", params=MODES)
def summary(living, tmp_path_factory, request):
    stage_2 = {"adapt_mode": request.param, "targets": [{"system": 3}], "epochs": 1, "control": "audit"}
    return TwoStageRun(document(living, tmp_path_factory.mktemp("save"), stage_2=stage_2 | MODES[request.param])).fit()


def beside(summary):
    return {start: summary.stage(f"stage_2/seed-0/system-3/{start}") for start in BESIDE}


def test_every_control_meets_the_same_windows(summary):
    found = beside(summary)
    splits = {(result.directory / "split.json").read_text() for result in found.values()}
    assert len(splits) == 1
    assert len({result.data_digest for result in found.values()}) == 1
    tested = {name for name in found["pretrained"].metrics if name.startswith("test/") and "windows" in name}
    for name in tested - {"test/signal_prediction/windows/3"}:
        assert len({result.metrics[name] for result in found.values()}) == 1, name
    assert [stage.name.rsplit("/", 1)[-1] for stage in summary.stages][1:] == list(BESIDE)


def test_an_untrained_encoder_stays_as_the_one_from_scratch_began(summary, living, tmp_path):
    found = beside(summary)
    encoder = encoder_state(load_checkpoint(found["untrained"].checkpoint).tensors)
    stage_2 = found["from_scratch"].stage.config.stage_2.model_dump(exclude_unset=True)
    frozen = {"freeze": {"embedding": True, "backbone": True}, "control": "none"}
    idle = {"epochs", "episodes_per_epoch"} if stage_2["adapt_mode"] == "fewshot" else set()
    kept = {key: value for key, value in stage_2.items() if key not in idle} | frozen
    alone = TwoStageRun(document(living, tmp_path, stage_1=None, stage_2=kept)).fit().stages[0]
    assert encoder.keys() == encoder_state(load_checkpoint(alone.checkpoint).tensors).keys()
    assert alone.digest == found["untrained"].digest
    assert alone.metrics == found["untrained"].metrics


def test_band_energies_tell_tones_apart(summary):
    trivial = beside(summary)["trivial"]
    assert trivial.metrics["test/accuracy/3"] == 1.0
    assert trivial.epochs == 0
    assert not trivial.checkpoint.exists()
    manifest = json.loads((summary.directory / "manifest.json").read_text())
    assert [stage["checkpoint"] is None for stage in manifest["stages"]] == [False] * 4 + [True]
    assert "test/signal_prediction/mse/3" not in trivial.metrics
    (run,) = earlier_runs(summary.directory)
    assert set(run.checkpoints) == {stage.name for stage in summary.stages} - {trivial.name}


def test_what_counts_in_training_counts_in_the_controls(living, tmp_path):
    """Class weights, and a schedule that would unfreeze the encoder in the end."""
    own = {"unfreeze": {"backbone": 1}, "lr_multipliers": {"backbone": 0.5, "head": 3.0}, "epochs": 2}
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "control": ["untrained", "trivial"]}
    weighed, plain = (
        TwoStageRun(document(living, tmp_path / name, stage_1=None, stage_2=stage_2 | own | more)).fit()
        for name, more in (("weighed", {"class_weights": [50.0, 1.0, 1.0]}), ("plain", {}))
    )
    for start in ("untrained", "trivial"):
        name = f"stage_2/seed-0/system-3/{start}"
        assert weighed.stage(name).digest != plain.stage(name).digest
    kept = plain.stage("stage_2/seed-0/system-3/untrained").stage.config.stage_2
    assert (kept.unfreeze, kept.lr_multipliers.head) == (None, 3.0)
    TwoStageConfig.model_validate({"stage_2": kept.model_dump(mode="json")})


def test_complete_networks_stay_untrained_too(living, tmp_path):
    model = {"network": {"kind": "resnet1d"}}
    stage_2 = {"adapt_mode": "finetune", "targets": [{"system": 3}], "epochs": 1, "control": ["untrained"]}
    summary = TwoStageRun(document(living, tmp_path, stage_1=None, stage_2=stage_2, model=model)).fit()
    first, untrained = summary.stages
    before, after = (encoder_state(load_checkpoint(each.checkpoint).tensors) for each in (first, untrained))
    assert before.keys() == after.keys()
    assert any(not before[name].equal(after[name]) for name in before)


def test_a_control_that_is_another_one_again_is_left_out_or_refused():
    frozen = {
        "adapt_mode": "finetune",
        "targets": [{"system": 3}],
        "freeze": {"embedding": True, "backbone": True},
    }
    config = TwoStageConfig.model_validate({"stage_2": frozen})
    assert config.stage_2.controls == ("from_scratch", "trivial")
    with pytest.raises(ValidationError, match="control: untrained has no effect: freeze keeps the encoder"):
        TwoStageConfig.model_validate({"stage_2": frozen | {"control": ["untrained", "from_scratch"]}})
    with pytest.raises(ValidationError, match="names one control twice"):
        TwoStageConfig.model_validate({"stage_2": frozen | {"control": ["trivial", "trivial"]}})
    forecast = {"adapt_mode": "multitask", "targets": [{"system": 3}], "tasks": {"signal_prediction": {"length": 32}}}
    assert TwoStageConfig.model_validate({"stage_2": forecast}).stage_2.controls == ("from_scratch", "untrained")
    with pytest.raises(ValidationError, match="control: trivial has no effect: band energies forecast no signal"):
        TwoStageConfig.model_validate({"stage_2": forecast | {"control": ["trivial"]}})


@pytest.mark.parametrize("start", BESIDE)
def test_the_numbers_of_a_test_follow_from_the_predictions_that_are_kept(summary, start):
    result = beside(summary)[start]
    told, metrics = pd.read_csv(result.directory / "predictions.csv"), result.metrics
    assert set(told["system"]) == {3}
    assert set(told["recording"]) == {each["recording"] for each in segments_of(result)}
    right = told["label"] == told["answer"]
    if "episode" in told:
        assert right.groupby(told["episode"]).mean().mean() == pytest.approx(metrics["test/accuracy"])
        assert len(told) == metrics["test/windows/3"]
        return
    assert right.mean() == pytest.approx(metrics["test/accuracy/3"])
    assert f1_score(told["label"], told["answer"], average="macro") == pytest.approx(metrics["test/macro_f1/3"])
    shares = told[["probability_0", "probability_1", "probability_2"]].to_numpy()
    assert roc_auc_score(told["label"], shares, multi_class="ovr") == pytest.approx(metrics["test/auroc/3"], abs=1e-6)
    if "life" in told:
        late = told["life_answered"] - told["life"]
        assert (late**2).mean() ** 0.5 == pytest.approx(metrics["test/rul_prediction/rmse/3"], rel=1e-5)
        found = average_precision_score(told["anomaly"], told["anomaly_probability"])
        assert found == pytest.approx(metrics["test/anomaly_detection/auprc/3"], abs=1e-6)
    if "forecast_mse" in told:
        assert told["forecast_mse"].mean() == pytest.approx(metrics["test/signal_prediction/mse/3"], rel=1e-5)


def segments_of(result):
    return json.loads((result.directory / "split.json").read_text())["parts"]["test"]["segments"]
