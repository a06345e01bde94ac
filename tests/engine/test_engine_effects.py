"""Law 1: what is written is what runs. Turning a key changes the weights, or the number of epochs, of a small run."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
from rigs import document

from twostage import TwoStageRun
from twostage.engine.outcome.results import CHECKPOINT
from twostage.engine.transfer.checkpoints import load_checkpoint

PRETRAINING = (
    "stage_1.sampler={kind: shuffled}",
    "data.window.per_recording=6",
    "data.normalize=none",
    "data.noise_snr=5",
    "data.batch_size=16",
    "data.split.seed=1",
    "model.embedding.starts=random",
    "model.embedding.evaluation_starts=as_training",
    "model.backbone.dropout=0.3",
    "model.backbone.activation=relu",
    "stage_1.pairing=views",
    "stage_1.loss={kind: nt_xent, temperature: 0.5}",
    "stage_1.augmentations=[]",
    "stage_1.loss.hardness=1.0",
    "stage_1.loss={kind: ensemble, terms: [{loss: {kind: nt_xent}}, {loss: {kind: vicreg}, weight: 0.1}]}",
    "stage_1.momentum_encoder={momentum: 0.9, queue: 64}",
    "stage_1.classification={weight: 0.5}",
    "stage_1.projection.dim=8",
    "stage_1.projection=null",
    "stage_1.optimizer.lr=5e-3",
    "stage_1.optimizer.weight_decay=0.5",
    "stage_1.optimizer={kind: sgd}",
    "stage_1.scheduler={kind: cosine}",
    "stage_1.scheduler={kind: cosine, period: 1}",
    "stage_1.scheduler={kind: cosine, minimum: 5e-4}",
    "stage_1.batch_size=16",
    "stage_1.window={placement: random, length: 200, per_recording: 4}",
    "stage_1.scheduler={kind: step, every: 1}",
    "stage_1.scheduler={kind: plateau, patience: 0, factor: 0.01}",
    "stage_1.regularization.l1=0.01",
    "stage_1.regularization.l2=0.1",
    "trainer.gradient_clip=1e-3",
    "trainer.accumulate_batches=2",
    "trainer.precision=bf16-mixed",
    "trainer.precision=mixed",
)
# Keys that change what is saved only when an epoch other than the usual one wins; the weights may then be equal.
MAYBE = {
    "model.embedding.evaluation_starts=as_training",
    "stage_1.scheduler={kind: plateau, patience: 0, factor: 0.01}",
}
ADAPTATION = (
    "stage_2.sampler={kind: balanced_classes}",
    "stage_2.sampler={kind: one_system}",
    "stage_2.freeze.embedding=true",
    "stage_2.freeze.backbone=true",
    "stage_2.lr_multipliers.embedding=0.1",
    "stage_2.lr_multipliers.backbone=0.1",
    "stage_2.lr_multipliers.head=3.0",
    "stage_2.unfreeze={backbone: 1}",
    "stage_2.unfreeze={embedding: 1}",
    "stage_2.class_weights=[1.0, 2.0, 3.0]",
    "stage_2.regularization.l2=0.1",
    "stage_2.head.share=shared",
    "stage_2.batch_size=16",
    "stage_2.window={placement: random, length: 200, per_recording: 4}",
    "stage_2.head={kind: distance}",
    "stage_2.label_smoothing=0.2",
    "stage_2.augmentations=[{kind: jitter, std: 1.0}]",
)


def first(rig, tmp_path, *overrides, **changes):
    return TwoStageRun(document(rig, tmp_path, **changes), overrides=overrides).fit().stages[0]


@pytest.fixture(scope="module")
def pretrained(rig, tmp_path_factory):
    return first(rig, tmp_path_factory.mktemp("pretrained"), stage_2=None)


@pytest.fixture(scope="module")
def adapted(rig, tmp_path_factory):
    return first(rig, tmp_path_factory.mktemp("adapted"), stage_1=None)


@pytest.mark.parametrize("override", PRETRAINING)
def test_a_key_of_the_pretraining_has_an_effect(rig, tmp_path, pretrained, override):
    changed = first(rig, tmp_path, override, stage_2=None)
    assert changed.key != pretrained.key
    assert changed.digest != pretrained.digest or override in MAYBE


@pytest.mark.parametrize("override", ADAPTATION)
def test_a_key_of_the_adaptation_has_an_effect(rig, tmp_path, adapted, override):
    changed = first(rig, tmp_path, override, stage_1=None)
    assert changed.key != adapted.key
    assert changed.digest != adapted.digest


def test_more_workers_load_the_same_batches(rig, tmp_path, pretrained):
    changed = first(rig, tmp_path, "data.workers=1", stage_2=None)
    assert (changed.digest, changed.key) == (pretrained.digest, pretrained.key)


def test_early_stopping_ends_a_stage_before_its_epochs(rig, tmp_path):
    stopping = ("stage_1.epochs=20", "stage_1.early_stopping={patience: 1, min_delta: 100.0}")
    result = first(rig, tmp_path, *stopping, stage_2=None)
    assert result.epochs == 2


@pytest.mark.parametrize(
    ("every", "epochs", "validations"), [("2.0", 5, 2), ("1.0", 2, 2), ("0.25", 2, 8), ("7.0", 2, 1)]
)
def test_a_stage_validates_as_often_as_is_written(rig, tmp_path, every, epochs, validations):
    """Once more for the epoch that is kept. An epoch of this stage has four batches."""
    overrides = (f"stage_1.epochs={epochs}", f"stage_1.validate_every={every}", "data.batch_size=16")
    result = first(rig, tmp_path, *overrides, stage_2=None)
    log = pd.read_csv(result.directory / "log" / "metrics.csv")
    assert log["validation/loss"].count() == validations + 1
    assert log["train/loss"].count() == epochs
    if every == "2.0":
        assert result.best_epoch in {2, 4}


def test_the_next_best_and_the_last_epoch_are_kept_as_files(rig, tmp_path):
    overrides = ("stage_1.epochs=4", "stage_1.checkpoint={keep: 3, last: true}")
    result = first(rig, tmp_path, *overrides, stage_2=None)
    names = {path.name for path in result.directory.glob("*.safetensors")}
    beside = sorted(name for name in names if "epoch" in name)
    assert names == {CHECKPOINT, "checkpoint-last.safetensors", *beside}
    assert len(beside) == 2
    kept = {name: load_checkpoint(result.directory / name) for name in names}
    assert len({each.digest for each in kept.values()}) >= 3
    assert {each.stage for each in kept.values()} == {"stage_1/seed-0"}
    numbers = {int(name.split("-")[2]) for name in beside}
    assert result.best_epoch not in numbers
    assert numbers < {1, 2, 3, 4}
    (worst,) = {1, 2, 3, 4} - numbers - {result.best_epoch}
    log = pd.read_csv(result.directory / "log" / "metrics.csv")["validation/loss"].dropna().tolist()
    assert worst == 1 + max(range(4), key=lambda epoch: log[epoch])


def test_early_stopping_follows_the_direction_of_its_monitor(rig, tmp_path):
    """An AUROC goes on as long as it grows, and the first epoch in which it does not is the last."""
    overrides = (
        "stage_2.epochs=8",
        "stage_2.checkpoint.monitor=validation/auroc",
        "stage_2.early_stopping={patience: 1}",
        "stage_2.optimizer.lr=3e-3",
    )
    result = first(rig, tmp_path, *overrides, stage_1=None)
    log = pd.read_csv(result.directory / "log" / "metrics.csv")
    *grown, stalled = log["validation/auroc"].dropna().tolist()[: result.epochs]
    assert all(later > earlier for earlier, later in pairwise(grown))
    assert stalled <= grown[-1]
    assert result.epochs < 8


def test_early_stopping_counts_validations(rig, tmp_path):
    stopping = (
        "stage_1.epochs=20",
        "stage_1.validate_every=2",
        "stage_1.early_stopping={patience: 2, min_delta: 100.0}",
    )
    assert first(rig, tmp_path, *stopping, stage_2=None).epochs == 6


def test_a_penalty_counts_in_training_alone(rig, tmp_path):
    result = first(rig, tmp_path, "stage_1.regularization={l1: 0.5, l2: 0.25}", "stage_1.epochs=1", stage_2=None)
    log = pd.read_csv(result.directory / "log" / "metrics.csv")
    weights = load_checkpoint(result.directory / CHECKPOINT).tensors
    trained = [tensor for name, tensor in weights.items() if "running" not in name and "num_batches" not in name]
    after = sum(0.5 * float(t.abs().sum()) + 0.25 * float(t.square().sum()) for t in trained)
    assert log["train/regularization"].dropna().item() == pytest.approx(after, rel=0.1)
    assert log["validation/loss"].dropna().iloc[0] < 20.0 < after


def test_the_best_epoch_is_kept_and_not_the_last(rig, tmp_path):
    """With a rate that ruins the weights after a good start, the kept epoch is an early one."""
    overrides = ("stage_2.epochs=6", "stage_2.optimizer={kind: sgd, lr: 1.0}")
    result = first(rig, tmp_path, *overrides, stage_1=None)
    log = (result.directory / "log" / "metrics.csv").read_text().splitlines()
    column = log[0].split(",").index("validation/macro_f1")
    scores = [float(row.split(",")[column]) for row in log[1:] if row.split(",")[column]]
    assert result.best_epoch == 1 + max(range(6), key=lambda epoch: scores[epoch])
    assert result.metrics["validation/macro_f1"] == pytest.approx(max(scores[:6]))


def test_a_period_and_a_floor_are_told_apart(rig, tmp_path):
    """Three schedules of one kind train three different encoders."""
    written = ("", ", period: 1", ", minimum: 5e-4")
    found = [
        first(rig, tmp_path / f"{n}", f"stage_1.scheduler={{kind: cosine{w}}}", stage_2=None)
        for n, w in enumerate(written)
    ]
    assert len({result.digest for result in found}) == 3
