"""Batches of a training as the document's sampler asks for them.

A sampler yields lists of positions among the windows of the training part. ``set_epoch`` chooses the epoch,
``epoch`` is the one that comes next, and the order is a function of seed and epoch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler

from twostage.data.labels import UNLABELLED
from twostage.data.samplers import BalancedBatches, generator
from twostage.errors import DataError


@dataclass(frozen=True)
class TrainingWindows:
    """What is known of each window of a training: the ids of its system and recording, and its class index.

    A class is UNLABELLED where no label is read, or there is none.
    """

    systems: NDArray[np.int64]
    recordings: NDArray[np.int64]
    classes: NDArray[np.int64]


def balanced(config: Any, *, windows: TrainingWindows, **options: int) -> BalancedBatches:
    """Equally many windows of each system."""
    del config
    return BalancedBatches(windows.systems, **options)


def balanced_classes(config: Any, *, windows: TrainingWindows, **options: int) -> BalancedBatches:
    """Equally many windows of each class of each system. Raises DataError where a window has no class."""
    del config
    if (windows.classes == UNLABELLED).any():
        raise DataError("sampler balanced_classes needs the class of every window, but some have none here")
    _, groups = np.unique(np.stack([windows.systems, windows.classes]), axis=1, return_inverse=True)
    return BalancedBatches(groups.astype(np.int64).reshape(-1), **options)


class ShuffledBatches(Sampler[list[int]]):
    """Every window once in an epoch over all ranks; batches differ by one window at most."""

    def __init__(
        self, config: Any, *, windows: TrainingWindows, batch_size: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        del config
        self.count, self.seed, self.rank, self.world_size = len(windows.systems), seed, rank, world_size
        if not self.count:
            raise DataError("there are no windows to draw batches from")
        self._batches = math.ceil(self.count / (batch_size * world_size)) * world_size
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self._batches // self.world_size

    def __iter__(self) -> Iterator[list[int]]:
        order = torch.randperm(self.count, generator=generator(self.seed, self.epoch))
        for batch in order.tensor_split(self._batches)[self.rank :: self.world_size]:
            yield batch.tolist()


class OneSystemBatches(Sampler[list[int]]):
    """Every window once in an epoch over all ranks, in batches of one system; those of a system differ by one window.

    Raises DataError where a system has fewer windows than there are ranks.
    """

    def __init__(
        self, config: Any, *, windows: TrainingWindows, batch_size: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        del config
        self.seed, self.rank, self.world_size, self.epoch = seed, rank, world_size, 0
        self.rows = {int(id_): torch.from_numpy((windows.systems == id_).nonzero()[0]) for id_ in set(windows.systems)}
        self.batches = {id_: math.ceil(len(r) / (batch_size * world_size)) * world_size for id_, r in self.rows.items()}
        if few := [id_ for id_, rows in self.rows.items() if len(rows) < world_size]:
            raise DataError(f"sampler one_system: system {few[0]} has fewer training windows than there are devices")

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return sum(self.batches.values()) // self.world_size

    def __iter__(self) -> Iterator[list[int]]:
        drawn = generator(self.seed, self.epoch)
        batches = [
            batch
            for id_, rows in sorted(self.rows.items())
            for batch in rows[torch.randperm(len(rows), generator=drawn)].tensor_split(self.batches[id_])
        ]
        order = torch.randperm(len(batches), generator=drawn).tolist()
        for position in order[self.rank :: self.world_size]:
            yield batches[position].tolist()
