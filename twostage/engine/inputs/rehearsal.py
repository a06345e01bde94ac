"""Batches of the first epoch, looked at before it trains."""

from __future__ import annotations

from itertools import islice

from torch.utils.data import DataLoader

from twostage.data.windowed import Batch, WindowDataset
from twostage.engine.inputs.loaders import StageLoaders
from twostage.objectives.base import Objective

MOST = 200  # batches of a part; more would keep the user waiting


def rehearse(objective: Objective, loaders: StageLoaders) -> None:
    """Raise TrainingError for a batch of the first epoch that the objective cannot learn from; reads no signal."""
    if type(objective).rehearse is Objective.rehearse:
        return
    validation = loaders.val_dataloader()
    for loader in (loaders.train_dataloader(), validation):
        if isinstance(loader, DataLoader):
            _look(objective, loader)


def _look(objective: Objective, loader: DataLoader[Batch]) -> None:
    windows = loader.dataset
    if isinstance(windows, WindowDataset):
        for positions in islice(loader.sampler, MOST):
            objective.rehearse(windows.described(positions))
