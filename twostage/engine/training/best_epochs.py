"""Weights of the epochs that are kept: the best one goes on, others lie beside it as files."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import lightning.pytorch as pl
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from twostage.objectives.base import Objective

LAST = "checkpoint-last.safetensors"
_PREFIX = "network."

Weights = Mapping[str, Tensor]


def take_best(objective: Objective, best: ModelCheckpoint, trainer: pl.Trainer) -> tuple[int, dict[str, Weights]]:
    """Put the best epoch's weights into the network; that epoch, counted from 1, and the others by their file names.

    The others are the next best and, where the document asks for it, the last. Files of the training are removed.
    """
    others: dict[str, Weights] = {}
    if objective.config.checkpoint.last:
        others[LAST] = {name: tensor.detach().clone() for name, tensor in objective.network.state_dict().items()}
    epoch, _, weights = _read(best.best_model_path)
    for path in sorted(best.best_k_models):
        if path != best.best_model_path:
            number, step, tensors = _read(path)
            others[f"checkpoint-epoch-{number}-step-{step}.safetensors"] = tensors
    objective.network.load_state_dict(dict(weights))
    trainer.strategy.barrier()  # of several processes each reads them, and one removes them
    if trainer.is_global_zero:
        shutil.rmtree(Path(best.best_model_path).parent)
    return epoch, others


def _read(path: str) -> tuple[int, int, Weights]:
    """Epoch, counted from 1, optimiser steps so far, and the tensors of the network."""
    kept = torch.load(path, map_location="cpu", weights_only=True)
    state: Weights = kept["state_dict"]
    tensors = {name.removeprefix(_PREFIX): tensor for name, tensor in state.items() if name.startswith(_PREFIX)}
    return int(kept["epoch"]) + 1, int(kept["global_step"]), tensors
