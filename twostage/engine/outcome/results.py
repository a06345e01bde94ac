"""What a run has found out: plain values that other rooms read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from twostage.data.recordings import Notice
from twostage.engine.outcome.audit import Audit, audit
from twostage.engine.outcome.predictions import PREDICTIONS
from twostage.engine.planning.plan import AdaptStage, Stage
from twostage.engine.transfer.encoder import TransferReport
from twostage.errors import TwoStageError

CHECKPOINT = "checkpoint.safetensors"
# Codes of notices without which the numbers of a stage must not be shown: they mean less than they seem to.
LABELS = ("leaky-split", "same-bearings", "mixed-rates")


@dataclass(frozen=True)
class StageResult:
    """One finished training.

    ``metrics`` are flat, such as ``test/macro_f1/2`` for system 2. ``key`` is the content key, ``digest`` that of the
    saved weights, ``data_digest`` that of the recordings that were read, samples and table. ``precision`` is the
    arithmetic that was trained in, which ``trainer.precision: mixed`` leaves to the device.
    """

    stage: Stage
    key: str
    digest: str
    data_digest: str
    directory: Path
    metrics: Mapping[str, float]
    transfer: TransferReport | None
    notices: tuple[Notice, ...]
    epochs: int
    best_epoch: int
    seconds: float
    precision: str

    @property
    def name(self) -> str:
        """Name of the stage in the plan."""
        return self.stage.name

    @property
    def checkpoint(self) -> Path:
        """The weights of the best epoch."""
        return self.directory / CHECKPOINT

    @property
    def predictions(self) -> Path:
        """What was answered for each window of the test, as a table; a pretraining has none."""
        return self.directory / PREDICTIONS

    def as_json(self) -> dict[str, Any]:
        """All but the stage, its key and its folder, as plain values."""
        return {
            "digest": self.digest,
            "data_digest": self.data_digest,
            "metrics": dict(self.metrics),
            "transfer": None if self.transfer is None else self.transfer.as_json(),
            "notices": [asdict(notice) for notice in self.notices],
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "seconds": round(self.seconds, 3),
            "precision": self.precision,
        }


def result_of(stage: Stage, key: str, directory: Path, written: Mapping[str, Any]) -> StageResult:
    """The result that ``as_json`` has written, of a stage whose files are in ``directory``."""
    transfer = written["transfer"]
    return StageResult(
        stage=stage,
        key=key,
        directory=directory,
        **{
            **written,
            "transfer": None if transfer is None else TransferReport.from_json(transfer),
            "notices": tuple(Notice(**notice) for notice in written["notices"]),
        },
    )


@dataclass(frozen=True)
class Failure:
    """A training that failed, or that was left out since the one it starts from has failed (``cause`` is its name).

    ``log`` is a file with the whole story. ``error`` is what was raised, where that was in this process.
    """

    stage: Stage
    message: str
    log: Path | None = None
    cause: str | None = None
    error: BaseException | None = None

    @property
    def name(self) -> str:
        """Name of the stage in the plan."""
        return self.stage.name


@dataclass(frozen=True)
class RunSummary:
    """All stages of a run that finished, in the order of the plan, those that failed, and where its files are.

    ``planned`` counts all; what is neither was not begun.
    """

    directory: Path
    stages: tuple[StageResult, ...]
    failures: tuple[Failure, ...] = ()
    planned: int = 0

    @property
    def audit(self) -> Audit:
        """The adaptations beside their controls, and what must be said of the gain."""
        return audit_of(self.stages)

    def stage(self, name: str) -> StageResult:
        """The stage of that name. Raises KeyError."""
        return {result.name: result for result in self.stages}[name]


class StageError(TwoStageError):
    """A stage failed in another process; the message says where its log is."""


def audit_of(results: Iterable[StageResult]) -> Audit:
    """The comparisons that can be made between these results."""
    return audit((each.stage, each.metrics) for each in results if isinstance(each.stage, AdaptStage))


def labels(notices: Iterable[Notice]) -> list[str]:
    """The codes that stand beside the metrics of a stage."""
    codes = {notice.code for notice in notices}
    return [code for code in LABELS if code in codes]
