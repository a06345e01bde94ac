"""What a run has found out: plain values that other rooms read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twostage.data.recordings import Notice
from twostage.engine.plan import Stage
from twostage.engine.transfer import TransferReport

CHECKPOINT = "checkpoint.safetensors"


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


@dataclass(frozen=True)
class RunSummary:
    """All stages of a run, and where its files are."""

    directory: Path
    stages: tuple[StageResult, ...]

    def stage(self, name: str) -> StageResult:
        """The stage of that name. Raises KeyError."""
        return {result.name: result for result in self.stages}[name]
