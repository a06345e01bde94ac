"""Where the course of every training is written beside the results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Component, FromList

Missing = Literal["refuse", "tell"]
_MISSING = "Without the package, or the login to send: refuse the run, or tell it and go on without this logger."
_PROJECT = "Project there; null takes the name of the document."


class CSVLog(Component):
    """A table, log/metrics.csv in the folder of the stage."""

    implementation: ClassVar[str] = "twostage.engine.training.loggers:csv"

    kind: Literal["csv"] = "csv"


class TensorBoardLog(Component):
    """Event files of TensorBoard, in the folder of the stage."""

    implementation: ClassVar[str] = "twostage.engine.training.loggers:tensorboard"

    kind: Literal["tensorboard"] = "tensorboard"


class _Tracker(Component):
    """A package of its own. ``package`` is its name, and that of our extra."""

    package: ClassVar[str]

    missing: Missing = Field("refuse", description=_MISSING)

    @property
    def sends(self) -> bool:
        """Whether anything leaves the machine."""
        raise NotImplementedError


class WandbLog(_Tracker):
    """Weights & Biases: a run for each training, all in one group."""

    implementation: ClassVar[str] = "twostage.engine.training.loggers:wandb"
    package: ClassVar[str] = "wandb"

    kind: Literal["wandb"] = "wandb"
    project: str | None = Field(None, description=_PROJECT, min_length=1)
    entity: str | None = Field(None, description="Team or user; null takes that of the login.", min_length=1)
    tags: Annotated[tuple[str, ...], FromList] = Field((), description="Tags of each run.")
    mode: Literal["offline", "online"] = Field(
        "offline", description="offline writes files under output.root that wandb sync sends later; online sends them."
    )

    @property
    def sends(self) -> bool:
        """Whether anything leaves the machine."""
        return self.mode == "online"


class SwanLabLog(_Tracker):
    """SwanLab: an experiment for each training."""

    implementation: ClassVar[str] = "twostage.engine.training.loggers:swanlab"
    package: ClassVar[str] = "swanlab"

    kind: Literal["swanlab"] = "swanlab"
    project: str | None = Field(None, description=_PROJECT, min_length=1)
    workspace: str | None = Field(None, description="Team or user; null takes that of the login.", min_length=1)
    mode: Literal["offline", "online"] = Field(
        "offline",
        description="offline writes files under output.root that swanlab sync sends later; online sends them.",
    )

    @property
    def sends(self) -> bool:
        """Whether anything leaves the machine."""
        return self.mode == "online"


class MLflowLog(_Tracker):
    """MLflow: a run for each training, all in one experiment."""

    implementation: ClassVar[str] = "twostage.engine.training.loggers:mlflow"
    package: ClassVar[str] = "mlflow"

    kind: Literal["mlflow"] = "mlflow"
    experiment: str | None = Field(
        None, description="Experiment there; null takes the name of the document.", min_length=1
    )
    tracking_uri: str | None = Field(
        None, description="Address of a tracking server; null is a database file under output.root.", min_length=1
    )

    @property
    def sends(self) -> bool:
        """Whether anything leaves the machine."""
        return self.tracking_uri is not None and "://" in self.tracking_uri and "sqlite" not in self.tracking_uri


Logger = Annotated[CSVLog | TensorBoardLog | WandbLog | SwanLabLog | MLflowLog, Field(discriminator="kind")]


def one_of_each(loggers: tuple[Logger, ...]) -> tuple[Logger, ...]:
    """The same loggers. Raises ValueError where there are two of one kind."""
    kinds = [logger.kind for logger in loggers]
    if twice := [kind for kind in kinds if kinds.count(kind) > 1]:
        raise ValueError(f"loggers has {twice[0]} twice")
    return loggers


def absent(loggers: Sequence[Logger]) -> Iterator[tuple[int, WandbLog | SwanLabLog | MLflowLog]]:
    """The loggers whose package is not installed, with their place in the list."""
    for place, logger in enumerate(loggers):
        if isinstance(logger, WandbLog | SwanLabLog | MLflowLog) and not _installed(logger.package):
            yield place, logger


def without_login(loggers: Sequence[Logger]) -> Iterator[tuple[int, WandbLog]]:
    """The loggers that send to Weights & Biases where nobody is logged in, with their place in the list."""
    for place, logger in enumerate(loggers):
        if isinstance(logger, WandbLog) and logger.sends and _installed(logger.package) and not _logged_in():
            yield place, logger


def _logged_in() -> bool:
    return bool(import_module("wandb").login(prompt=False))


def _installed(package: str) -> bool:
    """Whether it can be imported; a folder that happens to have its name, as trackers write them, is none."""
    found = find_spec(package)
    return found is not None and found.origin is not None


def logger_notes(loggers: Sequence[Logger]) -> list[str]:
    """What is to be told of loggers that a run goes on without."""
    package = "its package is not installed; to have it: pip install 'twostage[{}]'"
    login = "nobody is logged in here; to have it: wandb login, or write mode: offline there"
    silent = [
        *((place, logger, package.format(logger.package)) for place, logger in absent(loggers)),
        *((place, logger, login) for place, logger in without_login(loggers)),
    ]
    return [
        f"loggers[{place}] ({logger.kind}) logs nothing, because {reason}"
        for place, logger, reason in silent
        if logger.missing == "tell"
    ]
