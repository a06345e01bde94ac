"""Optimisers and schedules from their configs; every written key is used."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, ReduceLROnPlateau, StepLR

from twostage.config import optimization as config


def make_optimizer(groups: Iterable[dict[str, Any]], written: config.Optimizer) -> Optimizer:
    """The optimiser over parameter groups. A group's ``lr`` stands before the written one."""
    match written:
        case config.AdamW():
            return AdamW(groups, lr=written.lr, weight_decay=written.weight_decay, betas=written.betas)
        case config.Adam():
            return Adam(groups, lr=written.lr, weight_decay=written.weight_decay, betas=written.betas)
        case config.SGD():
            return SGD(
                groups,
                lr=written.lr,
                momentum=written.momentum,
                nesterov=written.nesterov,
                weight_decay=written.weight_decay,
            )


def cosine_share(step: int, *, warmup: float, total: float, final: float) -> float:
    """Share of the learning rate at an optimiser step: linear warm-up, then half a cosine down to ``final``.

    Steps count from 0; the half cosine (Loshchilov and Hutter 2017, without restarts) lies between ``warmup`` and
    ``total``, and ``final`` stays from there on.
    """
    if step < warmup:
        return (step + 1) / (math.ceil(warmup) + 1)
    progress = min(1.0, (step - warmup) / max(1.0, total - warmup))
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * progress))


def make_scheduler(
    optimizer: Optimizer,
    written: config.Scheduler,
    checkpoint: config.CheckpointConfig,
    *,
    steps: int,
    epochs: int,
    every: int = 1,
) -> dict[str, Any] | None:
    """Lightning's description of the schedule, or None where the learning rate is constant.

    ``steps`` is the number of optimiser steps in all ``epochs``. One of ``every`` epochs is validated: a plateau counts
    values that are new.
    """
    match written:
        case config.ConstantSchedule():
            return None
        case config.CosineSchedule():
            return {"interval": "step", "scheduler": _cosine(optimizer, written, steps, epochs)}
        case config.StepSchedule():
            return {"interval": "epoch", "scheduler": StepLR(optimizer, written.every, written.gamma)}
        case config.PlateauSchedule():
            plateau = ReduceLROnPlateau(
                optimizer,
                mode=checkpoint.mode,
                factor=written.factor,
                patience=written.patience,
                min_lr=written.minimum,
            )
            fresh = every if checkpoint.monitor.startswith("validation/") else 1
            return {"interval": "epoch", "scheduler": plateau, "monitor": checkpoint.monitor, "frequency": fresh}


def penalty(parameters: Sequence[Tensor], written: config.Regularization) -> Tensor:
    """``l1`` times the sum of all absolute values plus ``l2`` times the sum of all squares; 0-dimensional."""
    sums = [written.l1 * p.float().abs().sum() + written.l2 * p.float().square().sum() for p in parameters]
    return torch.stack(sums).sum()


def _cosine(optimizer: Optimizer, written: config.CosineSchedule, steps: int, epochs: int) -> LRScheduler:
    warmup = written.warmup_epochs * steps / epochs
    total = steps if written.period is None else warmup + written.period * steps / epochs
    # A lowest rate is the same for all groups, and so another share of each group's own rate.
    floors = [written.final_share or written.minimum / group["lr"] for group in optimizer.param_groups]
    return LambdaLR(optimizer, [partial(cosine_share, warmup=warmup, total=total, final=floor) for floor in floors])
