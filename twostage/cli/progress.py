"""Progress as it happens: a live bar per stage on a terminal, a line per epoch anywhere else."""

from __future__ import annotations

from collections import deque
from types import TracebackType
from typing import Self, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from twostage.engine.observer import Silent
from twostage.engine.outcome.results import Failure, StageResult
from twostage.engine.planning.plan import Plan, Stage

_SHOWN = 6  # bars of stages that are done
_NAMED = 10  # stages that a log names at its start


class LiveProgress(Silent):
    """Stage, epoch, loss and time left, redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=6),  # so that a line with the longest stage name fits 80 columns
            TextColumn("epoch {task.fields[epoch]}/{task.fields[epochs]}"),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}
        self._batches: dict[str, int] = {}
        self._planned, self._done, self._failed = 0, 0, 0
        self._full: deque[str] = deque()
        self._counted = cast("TaskID | None", None)

    def __enter__(self) -> Self:
        self._progress.start()
        self._preparing = self._progress.add_task("reading recordings", total=None, epoch="-", epochs="-", loss="-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def run_started(self, plan: Plan) -> None:
        """Reading and checking is over; the stages announce themselves."""
        self._planned = len(plan.stages)
        self._progress.remove_task(self._preparing)

    def stage_started(self, stage: Stage, *, epochs: int, batches: int) -> None:
        """Add a bar; those of all running stages stand below one another."""
        self._batches[stage.name] = batches
        if stage.name in self._tasks:  # it goes on in another process
            return
        self._tasks[stage.name] = self._progress.add_task(
            stage.name, total=epochs * batches, epoch=0, epochs=epochs, loss="-"
        )

    def batch_done(self, stage: Stage, *, epoch: int, batch: int, loss: float) -> None:
        """Move the bar."""
        done = (epoch - 1) * self._batches[stage.name] + batch
        self._progress.update(self._tasks[stage.name], completed=done, epoch=epoch, loss=f"{loss:.4f}")

    def stage_finished(self, result: StageResult) -> None:
        """Fill the bar, also where the stage ended early; the last few stay, the others are counted."""
        self._done += 1
        if (task := self._tasks.get(result.name)) is not None:
            self._progress.update(task, total=1, completed=1)
            self._full.append(result.name)
        while len(self._full) > _SHOWN:
            self._progress.remove_task(self._tasks.pop(self._full.popleft()))
        if task is None or len(self._tasks) < self._done:
            self._count()

    def stage_failed(self, failure: Failure) -> None:
        """Say it at once; it is said again at the end."""
        self._progress.console.print(f"failed: {failure.name}: {failure.message}", markup=False, highlight=False)
        if (task := self._tasks.pop(failure.name, None)) is not None:
            self._progress.remove_task(task)
        self._failed += 1
        self._count()

    def _count(self) -> None:
        """One line for all that is over, those among it whose bars are gone or that were done before."""
        text = f"{self._done:,} of {self._planned:,} done" + (f", {self._failed:,} failed" if self._failed else "")
        if self._counted is None:
            self._counted = self._progress.add_task("", total=self._planned, epoch="-", epochs="-", loss="-")
        self._progress.update(self._counted, description=text, completed=self._done + self._failed)


class PlainProgress(Silent):
    """One line per epoch, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._epochs: dict[str, int] = {}
        self._started: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def run_started(self, plan: Plan) -> None:
        """Say what is to come."""
        names = [stage.name for stage in plan.stages[:_NAMED]]
        more = len(plan.stages) - len(names)
        count = f"{len(plan.stages):,} {'stage' if len(plan.stages) == 1 else 'stages'}"
        self._say(f"{count}: {', '.join(names)}{f' and {more:,} more' if more else ''}")

    def stage_started(self, stage: Stage, *, epochs: int, batches: int) -> None:
        """Say how long the stage is."""
        self._epochs[stage.name] = epochs
        self._started.add(stage.name)
        self._say(f"{stage.name}: {epochs} epochs of {batches} batches")

    def epoch_done(self, stage: Stage, *, epoch: int, metrics: dict[str, float]) -> None:
        """Say the losses of the epoch."""
        losses = " ".join(
            f"{name} {metrics[name]:.4f}" for name in ("train/loss", "validation/loss") if name in metrics
        )
        self._say(f"{stage.name}: epoch {epoch}/{self._epochs[stage.name]} {losses}")

    def stage_finished(self, result: StageResult) -> None:
        """Say that the stage is in place."""
        if result.name not in self._started:
            self._say(f"{result.name}: done already")
            return
        self._say(f"{result.name}: done in {result.seconds:.1f} s, best epoch {result.best_epoch}")

    def stage_failed(self, failure: Failure) -> None:
        """Say it at once; it is said again at the end."""
        self._say(f"failed: {failure.name}: {failure.message}")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def progress_on(console: Console) -> LiveProgress | PlainProgress:
    """The kind of progress that suits where the console writes."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)
