"""What an encoder knows before any training on a target: nearest class mean and nearest neighbours of its features.

Legend: B batch, N reference windows, M tested windows, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from twostage.config.stage_1 import ZeroShot
from twostage.data.labels import UNLABELLED
from twostage.data.windowed import Batch
from twostage.errors import DataError
from twostage.models.network import Network
from twostage.objectives.base import VALIDATION_SEED
from twostage.objectives.classification import SystemMetrics
from twostage.objectives.ranks import alone

PIECE = 256


@dataclass(frozen=True)
class Features:
    """Mean tokens of windows, scaled to length 1; ``label_N`` is the class index of the window's system."""

    values_ND: Tensor
    system_N: Tensor
    label_N: Tensor

    @classmethod
    def of(cls, network: Network, batches: Iterable[Batch], device: torch.device) -> Self:
        """Encode every labelled window in evaluation mode, without gradients and in single precision."""
        network.to(device).eval()
        found = [(_encode(network, batch, device), batch.system_B, batch.label_B) for batch in batches]
        values, systems, labels = (torch.cat(part) for part in zip(*found, strict=True))
        told = labels != UNLABELLED
        return cls(values[told], systems[told], labels[told])

    def where(self, mask_N: Tensor) -> Features:
        """The windows of a mask."""
        return Features(self.values_ND[mask_N], self.system_N[mask_N], self.label_N[mask_N])


def zero_shot(
    network: Network,
    config: ZeroShot,
    *,
    train: Iterable[Batch],
    test: Iterable[Batch],
    classes: Mapping[int, int],
    device: torch.device,
) -> dict[str, Any]:
    """Classify the test windows by the labelled training windows without changing a weight.

    ``prototype`` answers with the class whose mean training feature has the largest cosine (Snell et al. 2017 with
    cosine similarity), ``knn`` with the majority of the ``config.neighbours`` most similar training windows. A system
    is compared with its own training windows; a held-out system has none, and is compared with those of all systems.
    ``classes`` maps a system to its number of classes. Returns the metrics of ``SystemMetrics`` under ``prototype/``
    and ``knn/``. Raises DataError when there are fewer training windows than neighbours.
    """
    with torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(VALIDATION_SEED)
        reference, tested = Features.of(network, train, device), Features.of(network, test, device)
    with alone():  # each process has seen every window
        return _measured(reference, tested, config, classes)


def _measured(reference: Features, tested: Features, config: ZeroShot, classes: Mapping[int, int]) -> dict[str, Any]:
    scores = {"prototype": SystemMetrics(classes), "knn": SystemMetrics(classes)}
    for system in sorted(set(tested.system_N.tolist())):
        mine, known = tested.where(tested.system_N == system), _known(reference, system, classes)
        width = classes[system]
        answers = {
            "prototype": by_prototype(known, mine.values_ND, width),
            "knn": by_neighbours(known, mine.values_ND, width, config.neighbours),
        }
        for name, logits_MK in answers.items():
            scores[name].update(logits_MK, mine.system_N, mine.label_N)
    return {f"{name}/{metric}": value for name, each in scores.items() for metric, value in each.compute().items()}


def by_prototype(known: Features, tested_MD: Tensor, width: int) -> Tensor:
    """Cosines (M, K) with the mean feature of each class; -inf for a class without a training window."""
    member_NK = one_hot(known.label_N, width).to(known.values_ND.dtype)
    prototype_KD = normalize(member_NK.T @ known.values_ND, dim=1)
    return (tested_MD @ prototype_KD.T).masked_fill(member_NK.sum(dim=0) == 0, -torch.inf)


def by_neighbours(known: Features, tested_MD: Tensor, width: int, neighbours: int) -> Tensor:
    """Logarithm (M, K) of each class's votes among the nearest; a tie goes to the more similar class."""
    if neighbours > len(known.label_N):
        raise DataError(
            f"stage_1.zero_shot.neighbours is {neighbours}, but there are {len(known.label_N)} training windows to "
            "choose from"
        )
    return torch.cat([_votes(known, piece_MD, width, neighbours) for piece_MD in torch.split(tested_MD, PIECE)]).log()


def _votes(known: Features, tested_MD: Tensor, width: int, neighbours: int) -> Tensor:
    cosine, nearest = (tested_MD @ known.values_ND.T).topk(neighbours, dim=1)
    votes = one_hot(known.label_N[nearest], width).to(cosine.dtype)
    # Together the shares are less than one vote.
    shares = (1 + cosine.clamp(-1, 1)) / (2 * neighbours + 1)
    return (votes * (1 + shares[..., None])).sum(dim=1)


def _encode(network: Network, batch: Batch, device: torch.device) -> Tensor:
    tokens_BPD = network.encode(
        batch.x_BLC.to(device),
        batch.sample_rate_B.to(device),
        system_B=batch.system_B.to(device),
        domain_B=None if batch.domain_B is None else batch.domain_B.to(device),
    )
    return normalize(tokens_BPD.mean(dim=1).float(), dim=1).cpu()


def _known(reference: Features, system: int, classes: Mapping[int, int]) -> Features:
    own = reference.where(reference.system_N == system)
    if len(own.label_N):
        return own
    if len(set(classes.values())) > 1:
        raise DataError(
            f"system {system} has no training window, and the classes of the other systems cannot be compared with its "
            "own; write head.share: shared"
        )
    return reference
