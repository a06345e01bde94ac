"""What watches a training: progress, a monitor that exists, a loss that is a number."""

from __future__ import annotations

import hashlib
import math
import signal
from collections.abc import Mapping
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor

from twostage.engine.observer import Observer
from twostage.engine.planning.plan import Stage
from twostage.errors import TrainingError

REPORT_EVERY = 10


class Progress(pl.Callback):
    """Tells the observer how far a stage is."""

    def __init__(self, stage: Stage, observer: Observer) -> None:
        self.stage, self.observer = stage, observer

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Say how long the stage is."""
        epochs, batches = trainer.max_epochs or 0, int(trainer.num_training_batches)
        self.observer.stage_started(self.stage, epochs=epochs, batches=batches)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: Tensor | Mapping[str, Any] | None,
        batch: Any,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Say the loss now and then; reading it more often would wait for the device."""
        last = batch_idx + 1 == trainer.num_training_batches
        if isinstance(outputs, Mapping) and (last or batch_idx % REPORT_EVERY == 0):
            self.observer.batch_done(
                self.stage, epoch=trainer.current_epoch + 1, batch=batch_idx + 1, loss=float(outputs["loss"])
            )

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Say what the epoch has reached."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.observer.epoch_done(self.stage, epoch=trainer.current_epoch + 1, metrics=metrics)


class LeftSignals(pl.Callback):
    """SIGTERM stays with whoever answered it before the training; Lightning would end the training too.

    A job of SLURM gets one when it is about to be preempted, and goes on until it is.
    """

    def __init__(self) -> None:
        self._before = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Lightning has set its own handler by now."""
        if signal.getsignal(signal.SIGTERM) is not self._before:
            signal.signal(signal.SIGTERM, self._before)


class Soundness(pl.Callback):
    """Stops a training whose monitor is never logged or whose loss is no number."""

    def __init__(self, stage: Stage, monitor: str) -> None:
        self.stage, self.monitor = stage, monitor

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Before the first epoch ends, the monitor must have been logged."""
        if self.monitor.startswith("validation/") and self.monitor not in trainer.callback_metrics:
            raise TrainingError(f"checkpoint.monitor {self.monitor!r} was not logged in {self.stage.name}")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """A loss that is no number cannot be trained further."""
        loss = trainer.callback_metrics.get("train/loss", torch.tensor(math.nan))
        if not bool(torch.isfinite(loss)):
            raise TrainingError(
                f"the training loss of {self.stage.name} is {float(loss)} after epoch {trainer.current_epoch + 1}; "
                "a smaller learning rate or trainer.gradient_clip may help"
            )


class Together(pl.Callback):
    """Of several processes: draws of its own for each, and one set of running statistics for all.

    Draws are a function of seed, epoch and rank, so that a training that is continued draws as if it had not stopped.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Random numbers of dropout and augmentation."""
        pl.seed_everything(draw_seed(self.seed, trainer.current_epoch, trainer.global_rank), verbose=False)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """Those of the first process, which its checkpoint has as well."""
        share_buffers(pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:  # noqa: ARG002
        """The same, where no validation came before."""
        share_buffers(pl_module)


def draw_seed(*key: int) -> int:
    """A seed for each key."""
    return int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:4], "little")


def share_buffers(module: torch.nn.Module) -> None:
    """Give all processes the buffers of the first one."""
    for buffer in module.buffers():
        torch.distributed.broadcast(buffer, 0)
