"""The loggers of a training, made by Lightning's own classes from what the document says."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from twostage.components import build
from twostage.config import loggers as configs
from twostage.config.document import TwoStageConfig
from twostage.config.reading.provenance import leaves
from twostage.engine.planning.plan import Stage
from twostage.engine.remote.ranks import is_first
from twostage.errors import TrainingError

TRACKING = "tracking"


@dataclass(frozen=True)
class Place:
    """What a logger is told of a training: its folder, its stage, and the folder that all runs share."""

    folder: Path
    stage: Stage

    @property
    def project(self) -> str:
        """Name of the whole document."""
        return self.stage.document.name

    def shared(self, name: str) -> Path:
        """A folder for a tracker's own files: they hold times and host names, and are no results."""
        folder = Path(self.stage.document.output.root).absolute() / TRACKING / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def csv(config: configs.CSVLog, place: Place) -> Logger:  # noqa: ARG001 - it has no options
    """``log/metrics.csv``."""
    return CSVLogger(place.folder, name="", version="log")


def tensorboard(config: configs.TensorBoardLog, place: Place) -> Logger:  # noqa: ARG001 - as above
    """``tensorboard/events.*``."""
    return TensorBoardLogger(place.folder, name="", version="tensorboard")


def wandb(config: configs.WandbLog, place: Place) -> Logger:
    """A run of Weights & Biases."""
    return WandbLogger(
        name=place.stage.name,
        group=place.project,
        project=config.project or place.project,
        entity=config.entity,
        tags=list(config.tags),
        save_dir=place.shared("wandb"),
        offline=not config.sends,
        settings=import_module("wandb").Settings(silent=True, console="off"),
    )


def swanlab(config: configs.SwanLabLog, place: Place) -> Logger:
    """An experiment of SwanLab; its package brings the class for Lightning."""
    folder = str(place.shared("swanlab"))
    made: Logger = import_module("swanlab.integration.pytorch_lightning").SwanLabLogger(
        project=config.project or place.project,
        workspace=config.workspace,
        experiment_name=place.stage.name,
        log_dir=folder,
        save_dir=folder,
        mode=config.mode,
    )
    return made


def mlflow(config: configs.MLflowLog, place: Place) -> Logger:
    """A run of MLflow."""
    uri = config.tracking_uri or f"sqlite:///{place.shared('mlflow') / 'mlflow.db'}"
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return MLFlowLogger(
        experiment_name=config.experiment or place.project,
        run_name=place.stage.name,
        tracking_uri=uri,
        artifact_location=None if config.tracking_uri else str(place.shared("mlflow") / "artifacts"),
    )


def check_loggers(document: TwoStageConfig) -> None:
    """Raise TrainingError where a logger of the document cannot log: before anything is read or trained."""
    for place, logger in configs.absent(document.loggers):
        if logger.missing == "refuse":
            raise TrainingError(
                f"loggers[{place}] is {logger.kind}, whose package is not installed: "
                f"pip install 'twostage[{logger.package}]', or write missing: tell there to go on without it"
            )
    for place, sender in configs.without_login(document.loggers):
        if sender.missing == "refuse":
            raise TrainingError(
                f"loggers[{place}] sends to Weights & Biases, and nobody is logged in here: wandb login, or write "
                "mode: offline there"
            )


@contextmanager
def opened(stage: Stage, folder: Path) -> Iterator[list[Logger]]:
    """The loggers of a training; each is told what is trained, and closed at the end, also where the training fails."""
    document = stage.document
    gone = dict([*configs.absent(document.loggers), *configs.without_login(document.loggers)])
    place = Place(folder, stage)
    made: list[Logger] = [
        build(each, place)
        for number, each in enumerate(document.loggers)
        if number not in gone and (is_first() or each.kind in {"csv", "tensorboard"})
    ]
    try:
        for logger in made:
            if _tracks(logger):
                logger.log_hyperparams(_settings(stage))
        yield made
    finally:
        for logger in made:
            _close(logger)


def log_results(loggers: list[Logger], metrics: Mapping[str, float], *, step: int) -> None:
    """Tell the trackers what was measured in the end."""
    for logger in loggers:
        if _tracks(logger):
            logger.log_metrics(dict(metrics), step=step)


def _tracks(logger: Logger) -> bool:
    return not isinstance(logger, CSVLogger | TensorBoardLogger)


def _settings(stage: Stage) -> dict[str, Any]:
    """What the training is, one value a key."""
    said = stage.config.model_dump(mode="json", include={"data", "model", "trainer", stage.name.split("/")[0]})
    return {"seed": stage.seed} | {".".join(map(str, path)): value for path, value in leaves(said)}


def _close(logger: Logger) -> None:
    """End a run of a tracker, so that the next training opens one of its own."""
    if isinstance(logger, WandbLogger):
        logger.experiment.finish()
    elif type(logger).__module__.startswith("swanlab"):
        import_module("swanlab").finish()
