"""Who watches a run: the command line draws progress, a program may ignore it."""

from __future__ import annotations

from typing import Protocol

from twostage.engine.outcome.results import Failure, StageResult
from twostage.engine.planning.plan import Plan, Stage


class Observer(Protocol):
    """Told what happens, as it happens. Must return quickly."""

    def run_started(self, plan: Plan) -> None:
        """The plan is checked and its first stage is about to start."""

    def stage_started(self, stage: Stage, *, epochs: int, batches: int) -> None:
        """A training begins: ``epochs`` passes of ``batches`` batches each."""

    def batch_done(self, stage: Stage, *, epoch: int, batch: int, loss: float) -> None:
        """A batch is done; ``epoch`` and ``batch`` count from 1."""

    def epoch_done(self, stage: Stage, *, epoch: int, metrics: dict[str, float]) -> None:
        """An epoch and its validation are done."""

    def stage_finished(self, result: StageResult) -> None:
        """A training is done, now or in an earlier run, and its files are in place."""

    def stage_failed(self, failure: Failure) -> None:
        """A training has failed, or cannot start because another one has."""


class Silent:
    """Watches and says nothing."""

    def run_started(self, plan: Plan) -> None:
        """Say nothing."""

    def stage_started(self, stage: Stage, *, epochs: int, batches: int) -> None:
        """Say nothing."""

    def batch_done(self, stage: Stage, *, epoch: int, batch: int, loss: float) -> None:
        """Say nothing."""

    def epoch_done(self, stage: Stage, *, epoch: int, metrics: dict[str, float]) -> None:
        """Say nothing."""

    def stage_finished(self, result: StageResult) -> None:
        """Say nothing."""

    def stage_failed(self, failure: Failure) -> None:
        """Say nothing."""
