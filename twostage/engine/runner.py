"""One stage from start to end: build, transfer, fit, pick the best epoch, evaluate, write down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.loggers import Logger

from twostage.components import implementation_of
from twostage.config.splits import AsExecutedSplit
from twostage.data.recordings import Notice
from twostage.data.survey import data_digest
from twostage.engine import trivial, zero_shot
from twostage.engine.inputs.loaders import StageLoaders
from twostage.engine.inputs.rates import Sampling, other_sampling, refuse_other_sampling
from twostage.engine.inputs.seen import refuse_seen, stretches
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.observer import Observer
from twostage.engine.outcome.old_names import old_names
from twostage.engine.outcome.predictions import write_predictions
from twostage.engine.outcome.results import CHECKPOINT, StageResult, labels
from twostage.engine.planning.plan import AdaptStage, Stage, is_trivial, section_of, trains
from twostage.engine.planning.size import refuse_explosion
from twostage.engine.store.files import json_text
from twostage.engine.training import pieces
from twostage.engine.training.best_epochs import Weights, take_best
from twostage.engine.training.halfway import Halfway, Snapshots, continue_log
from twostage.engine.training.loggers import log_results, opened
from twostage.engine.training.trainer import interruptible, make_trainer, quiet
from twostage.engine.transfer.checkpoints import Checkpoint, save_checkpoint
from twostage.engine.transfer.digest import tensors_digest
from twostage.engine.transfer.encoder import TransferReport
from twostage.engine.transfer.heads import hand_over
from twostage.errors import TrainingError
from twostage.models.network import Encoder, Network
from twostage.objectives.base import Objective


def build_objective(stage: Stage, data: StageData) -> Objective:
    """Network and objective of a stage, freshly initialised from its seed."""
    if is_trivial(stage):
        return trivial.objective_of(stage, data)
    written, model = section_of(stage), stage.config.model
    kind = implementation_of(written)
    extra: dict[str, Any] = {} if data.labels is None else {"classes": data.labels.counts}
    extra |= {} if data.targets is None else {"targets": data.targets}
    zero_shot.refuse_unmeasurable(stage, data)
    refuse_explosion(stage.name, written, model, kind.head, extra)
    pl.seed_everything(stage.seed, verbose=False)
    network = Network(Encoder(model), kind.head(written, model, **extra))
    objective: Objective = kind(written, network, **extra)
    if written.checkpoint.monitor not in objective.logged():
        raise TrainingError(
            f"{stage.name} never logs checkpoint.monitor {written.checkpoint.monitor!r}; it logs "
            + ", ".join(sorted(objective.logged()))
        )
    return objective


def run_stage_in(
    folder: Path,
    stage: Stage,
    data: StageData,
    *,
    key: str,
    digests: Mapping[int, str],
    start: Checkpoint | None,
    observer: Observer,
    snapshots: Snapshots,
    alive: Callable[[], None],
) -> StageResult:
    """Train ``stage`` and write its files into ``folder``. Raises TwoStageError for a user's mistake.

    ``key`` is the stage's content key, ``digests`` are those of the recordings by id, ``start`` is the checkpoint whose
    encoder an adaptation starts from. ``snapshots`` are states of this training: where there is one it goes on.
    ``alive`` is called now and then.
    """
    halfway = Halfway(folder, snapshots, alive)
    objective = build_objective(stage, data)
    report = None if start is None else transferred(stage, objective, data, digests, start)
    loaders = StageLoaders(
        data,
        seed=stage.seed,
        pairs=objective.pairs,
        mixed=objective.mixed,
        items=objective.items,
        sampler=section_of(stage).sampler,
    )
    objective.meet(loaders.dataset("train"))
    before = zero_shot.kept(stage, objective)
    with quiet(), opened(stage, folder) as logs:
        trainer, best_epoch, others = _fit(folder, stage, objective, loaders, observer, halfway, logs=logs)
        metrics = _evaluate(stage, trainer, objective, loaders)
        metrics |= zero_shot.measured(stage, before, objective, loaders, trainer.strategy.root_device)
        log_results(logs, _flat(metrics), step=trainer.global_step)
    first = trainer.is_global_zero  # of several processes one writes for all
    answered = objective.told.batches()
    if first:
        write_predictions(folder, answered, data)
    digest = _save(folder, stage, objective, data, digests, start, others=others) if first else ""
    result = StageResult(
        stage=stage,
        key=key,
        digest=digest,
        data_digest=data_digest(data.used, digests),
        directory=folder,
        metrics=_flat(metrics),
        transfer=report,
        notices=(*data.notices, *zero_shot.idle(stage, loaders), *_of_start(start, data)),
        epochs=trainer.current_epoch,
        best_epoch=best_epoch,
        seconds=halfway.seconds,
        precision=trainer.precision,
    )
    if first:
        _write_down(result, metrics, data)
    return result


def _of_start(start: Checkpoint | None, data: StageData) -> tuple[Notice, ...]:
    """What must be said of what an adaptation starts from."""
    return () if start is None else (*start.notices, *other_sampling(start.sampling, data))


def _save(  # noqa: PLR0917 - what a checkpoint says of itself
    folder: Path,
    stage: Stage,
    objective: Objective,
    data: StageData,
    digests: Mapping[int, str],
    start: Checkpoint | None,
    *,
    others: Mapping[str, Weights],
) -> str:
    """Write the weights, and those of ``others`` beside them; return the digest.

    Linear models on band energies are no network to keep.
    """
    weights = objective.network.state_dict()
    if is_trivial(stage):
        return tensors_digest(weights)
    seen = [*(() if start is None else start.seen), *stretches(data, digests, ("train", "validation"))]
    told: dict[str, Any] = {"model": stage.config.model, "stage": stage.name, "seen": seen}
    told |= {"sampling": Sampling.of(data), "labels": data.labels}
    for name, tensors in others.items():
        save_checkpoint(folder / name, tensors, **told)
    return save_checkpoint(folder / CHECKPOINT, weights, **told)


def transferred(
    stage: Stage, objective: Objective, data: StageData, digests: Mapping[int, str], start: Checkpoint
) -> TransferReport:
    """Hand the encoder of ``start`` to an adaptation that tests on nothing it has seen. Raises TransferError.

    Under the unit as_executed it may have seen everything, which the notice of that split says.
    """
    assert isinstance(stage, AdaptStage)  # noqa: S101 - only adaptations start from a checkpoint
    assert stage.config.stage_2 is not None  # noqa: S101 - see section_of
    if not isinstance(data.config.split, AsExecutedSplit):
        refuse_seen(str(start.path), start.seen, stretches(data, digests, ("test",)))
    refuse_other_sampling(str(start.path), start.sampling, data)
    return hand_over(objective.network, stage.config, start, data.labels)


def _fit(  # noqa: PLR0917 - all that a training is
    folder: Path,
    stage: Stage,
    objective: Objective,
    loaders: StageLoaders,
    observer: Observer,
    halfway: Halfway,
    *,
    logs: list[Logger],
) -> tuple[pl.Trainer, int, dict[str, Weights]]:
    """Train, then put the best epoch's weights into the network.

    Return that epoch, counted from 1 (0: none), and weights of other epochs by the names of their files.
    """
    exact = {"precision": "32-true"} if is_trivial(stage) else {}
    alone = {} if trains(stage) else {"devices": 1, "nodes": 1}
    setup = stage.config.trainer.model_copy(update=exact | alone)
    trainer, best = make_trainer(stage, section_of(stage), setup, folder, observer, [halfway], logs=logs)
    pl.seed_everything(stage.seed, verbose=False)
    if not trains(stage):
        observer.stage_started(stage, epochs=0, batches=0)
        if is_trivial(stage):
            trivial.fit(objective, loaders.every("train"))
        return trainer, 0, {}
    state, loaders.first_epoch = halfway.resumed()
    continue_log(trainer)
    fitted = pieces.apart(objective) if setup.in_pieces else objective
    with interruptible():
        trainer.fit(fitted, datamodule=loaders, ckpt_path=state, weights_only=True)
    if fitted is not objective:
        pieces.put_together(objective, fitted)
    epoch, others = take_best(objective, best, trainer)
    return trainer, epoch, others


def _evaluate(stage: Stage, trainer: pl.Trainer, objective: Objective, loaders: StageLoaders) -> dict[str, Any]:
    """Metrics of the best epoch on validation and, for adaptations, on the test part."""
    found: dict[str, Any] = {}
    with interruptible():
        if len(loaders.data.windows["validation"].rows):
            losses = trainer.validate(objective, datamodule=loaders, verbose=False)[0]
            found["validation"] = {"loss": losses["validation/loss"], **objective.metrics("validation")}
        if isinstance(stage, AdaptStage):
            losses = trainer.test(objective, datamodule=loaders, verbose=False)[0]
            found["test"] = {"loss": losses["test/loss"], **objective.metrics("test")}
    return found


def _flat(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    return {
        f"{part}/{name}": float(value)
        for part, values in metrics.items()
        for name, value in values.items()
        if isinstance(value, int | float)
    }


def _write_down(result: StageResult, metrics: Mapping[str, Any], data: StageData) -> None:
    content = {"epochs": result.epochs, "best_epoch": result.best_epoch, "labels": labels(result.notices), **metrics}
    content |= old_names(metrics, data.used)
    files = {"metrics.json": content, "split.json": data.report()}
    if result.transfer is not None:
        files["transfer.json"] = result.transfer.as_json()
    for name, values in files.items():
        (result.directory / name).write_text(json_text(values), encoding="utf-8")
