"""The tasks of an episode, and the interface of what answers them.

Legend: B windows of an episode, S support, Q query, N classes of a task, D features.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from twostage.data.windowed import Batch
from twostage.models.network import Network

# Log-probabilities (Q, N) of the queries of each task, in the order of ``tasks_of``.
Answer = Callable[[Network, Batch], list[Tensor]]


@dataclass(frozen=True)
class Task:
    """Positions in the batch of support and query, and their classes, numbered from 0 to ``ways - 1``."""

    system: int
    ways: int
    support_S: Tensor
    query_Q: Tensor
    class_S: Tensor
    class_Q: Tensor


def tasks_of(batch: Batch) -> list[Task]:
    """The tasks of an episode. Classes are told apart by their labels alone, in whatever order windows lie."""
    assert batch.task_B is not None  # noqa: S101 - every batch of this objective is an episode
    return [_task(batch, number) for number in range(int(batch.task_B.max()) + 1)]


def _task(batch: Batch, number: int) -> Task:
    assert batch.support_B is not None  # noqa: S101 - as above
    mine_B = batch.task_B == number
    support_S = (mine_B & batch.support_B).nonzero().squeeze(1)
    query_Q = (mine_B & ~batch.support_B).nonzero().squeeze(1)
    labels_N, class_S = torch.unique(batch.label_B[support_S], return_inverse=True)
    class_Q = torch.searchsorted(labels_N, batch.label_B[query_Q])
    return Task(int(batch.system_B[support_S[0]]), len(labels_N), support_S, query_Q, class_S, class_Q)


def mapped(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    """The batch with each of its tensors changed."""
    fields: dict[str, Tensor | None] = batch._asdict()
    return batch._replace(**{name: change(values) for name, values in fields.items() if values is not None})


def encode(network: Network, batch: Batch) -> Tensor:
    """Features of windows (B, D), as float32 also where the encoder computes with less."""
    features_BD: Tensor = network(batch.x_BLC, batch.sample_rate_B, batch.system_B, batch.domain_B)
    return features_BD.float()


def full_precision(like: Tensor) -> torch.autocast:
    """Distances and losses of few windows are not worth rounding."""
    return torch.autocast(like.device.type, enabled=False)


class FeatureMethod(ABC):
    """Answers from features that the encoder gives once for the whole episode."""

    def __call__(self, network: Network, batch: Batch) -> list[Tensor]:
        """Log-probabilities (Q, N) of the queries of each task."""
        features_BD = encode(network, batch)
        with full_precision(features_BD):
            return [
                self.answer(features_BD[task.support_S], task.class_S, features_BD[task.query_Q], task.ways)
                for task in tasks_of(batch)
            ]

    @abstractmethod
    def answer(self, support_SD: Tensor, class_S: Tensor, query_QD: Tensor, ways: int) -> Tensor:
        """Log-probabilities (Q, N); every class has at least one window in the support."""


class MeanTokens(nn.Module):
    """Features of a window: the mean of its tokens. Has nothing to train."""

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Tokens (B, P, D) to features (B, D)."""
        return tokens_BPD.mean(dim=1)
