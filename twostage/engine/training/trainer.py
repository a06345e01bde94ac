"""The Lightning trainer of one stage, set up from the document."""

from __future__ import annotations

import logging
import os
import signal
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.accelerators import CPUAccelerator, CUDAAccelerator
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import Logger
from lightning.pytorch.strategies import DDPStrategy

from twostage.config.stage import StageConfig
from twostage.config.trainer import TrainerConfig
from twostage.engine.observer import Observer
from twostage.engine.planning.plan import Stage
from twostage.engine.training.callbacks import LeftSignals, Progress, Soundness, Together
from twostage.engine.training.parameter_check import ParameterCheck
from twostage.engine.training.pieces import InPieces
from twostage.errors import TrainingError

Precision = Literal["32-true", "bf16-mixed", "16-mixed"]

# Lightning gives this advice to people who call it; what is set here is set on purpose.
_ADVICE = (
    ".*does not have many workers.*",
    ".*The `srun` command is available.*",
    ".*The number of training batches.*",
    ".*Checkpoint directory .* exists.*",
    ".*`isinstance\\(treespec, LeafSpec\\)`.*",
    ".*Trying to infer the `batch_size`.*",
    ".*exists and is not empty.*",
    ".*Total length of `list` across ranks is zero.*",
    ".*module\\(s\\) in eval mode.*",
    ".*sync_dist=True.*",
    ".*find_unused_parameters=True was specified.*",
    ".*`broadcast_buffers` is deprecated.*",
    ".*`srun` command is available.*",
)


def check_device(trainer: TrainerConfig) -> None:
    """Raise TrainingError when the machine lacks the accelerator or the precision that is written."""
    precision = precision_of(trainer)
    try:
        with quiet():
            found = pl.Trainer(
                accelerator=trainer.accelerator,
                devices=1,
                precision=precision,
                logger=False,
                enable_checkpointing=False,
            )
    except MisconfigurationException as error:
        raise TrainingError(f"trainer.accelerator is {trainer.accelerator}, which is not to be had: {error}") from error
    if isinstance(found.accelerator, CUDAAccelerator) and torch.cuda.device_count() < trainer.devices:
        raise TrainingError(
            f"trainer.devices is {trainer.devices}, and this machine has {torch.cuda.device_count()} of that kind"
        )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if isinstance(found.accelerator, CPUAccelerator) and trainer.devices > max(2, cores):
        raise TrainingError(
            f"trainer.devices is {trainer.devices}, each a process of its own, but this machine has {cores} core(s)"
        )
    if found.precision != precision:
        raise TrainingError(f"trainer.precision {trainer.precision} is not to be had on this device; use bf16-mixed")


def precision_of(trainer: TrainerConfig) -> Precision:
    """The arithmetic that is written; for ``mixed`` bfloat16 where the device offers it, as every CPU does."""
    if trainer.precision != "mixed":
        return trainer.precision
    offered = True
    if trainer.accelerator in {"auto", "gpu", "mps"} and torch.backends.mps.is_available():
        offered = False  # its mixed precision is float16
    elif trainer.accelerator in {"auto", "gpu"} and torch.cuda.is_available():
        offered = torch.cuda.is_bf16_supported(including_emulation=False)
    return "bf16-mixed" if offered else "16-mixed"


def make_trainer(  # noqa: PLR0917 - what a training is, and who watches it
    stage: Stage,
    written: StageConfig,
    trainer: TrainerConfig,
    folder: Path,
    observer: Observer,
    first: Sequence[pl.Callback] = (),
    *,
    logs: list[Logger],
) -> tuple[pl.Trainer, ModelCheckpoint]:
    """The trainer of a stage and the callback that keeps its best epoch, in ``folder``.

    ``first`` are callbacks that are to be called before all others.
    """
    best = ModelCheckpoint(
        dirpath=folder / "epochs",
        monitor=written.checkpoint.monitor,
        mode=written.checkpoint.mode,
        save_top_k=written.checkpoint.keep,
        save_weights_only=True,
        save_on_train_epoch_end=_by_epoch(written),
    )
    callbacks: list[pl.Callback] = [
        *first,
        *([Together(stage.seed)] if trainer.processes > 1 else []),
        LeftSignals(),
        Soundness(stage, written.checkpoint.monitor),
        ParameterCheck(stage.name),
        Progress(stage, observer),
        best,
    ]
    if written.early_stopping is not None:
        callbacks.append(
            EarlyStopping(
                monitor=written.checkpoint.monitor,
                mode=written.checkpoint.mode,
                patience=written.early_stopping.patience,
                min_delta=written.early_stopping.min_delta,
                check_on_train_epoch_end=_by_epoch(written),
            )
        )
    return _trainer(written, trainer, folder, callbacks, logs), best


def _by_epoch(written: StageConfig) -> bool:
    """Whether the monitor has a new value after each epoch; else it has one after each validation."""
    return written.validate_every == 1.0 or written.checkpoint.monitor.startswith("train/")


def _together(trainer: TrainerConfig) -> dict[str, Any]:
    """How several processes train one stage: see ``twostage.engine.remote.ranks``, which has started them.

    A head of a system that is not in a batch has no gradient, so unused parameters are looked for. Running statistics
    are made equal between epochs, not before each batch: processes may have different numbers of batches to evaluate.
    """
    ours = {"plugins": [LightningEnvironment()]}  # whatever SLURM says: the processes are ours
    if trainer.processes == 1:
        return ours
    return ours | {
        "strategy": InPieces() if trainer.in_pieces else _with_all_weights(),
        "num_nodes": trainer.nodes,
        "sync_batchnorm": trainer.accelerator in {"auto", "gpu"} and torch.cuda.is_available(),
    }


def _with_all_weights() -> DDPStrategy:
    return DDPStrategy(find_unused_parameters=True, broadcast_buffers=False)


def _trainer(
    written: StageConfig, trainer: TrainerConfig, folder: Path, callbacks: list[pl.Callback], logs: list[Logger]
) -> pl.Trainer:
    return pl.Trainer(
        accelerator=trainer.accelerator,
        devices=trainer.devices,
        **_together(trainer),
        precision=precision_of(trainer),
        max_epochs=written.epochs,
        gradient_clip_val=trainer.gradient_clip,
        accumulate_grad_batches=trainer.accumulate_batches,
        deterministic=trainer.deterministic,
        check_val_every_n_epoch=written.epochs_between,
        val_check_interval=min(1.0, written.validate_every),
        callbacks=callbacks,
        logger=logs,
        default_root_dir=folder,
        log_every_n_steps=1_000_000,  # losses are logged per epoch
        num_sanity_val_steps=0,
        use_distributed_sampler=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Lightning's advice, and nothing else."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for message in _ADVICE:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def interruptible() -> Iterator[None]:
    """Let Ctrl-C end the run as anywhere else; Lightning would turn it into exit code 1 and ignore further ones.

    Others that end a process, such as submitit when the time of a job is over, do so with the code that they chose.
    """
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        raise
    finally:
        if signal.getsignal(signal.SIGINT) is not before:
            signal.signal(signal.SIGINT, before)
