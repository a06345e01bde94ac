"""Samplers that yield whole batches, as lists of positions in a window index.

For ``DataLoader(dataset, sampler=..., batch_size=None)``.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Sampler

from twostage.errors import DataError


def generator(seed: int, *key: int) -> torch.Generator:
    """A generator of its own for each (seed, key)."""
    digest = hashlib.sha256(repr((seed, *key)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little", signed=True))


class BalancedBatches(Sampler[list[int]]):
    """Batches with equally many windows of each system; where that does not divide, the surplus goes round.

    An epoch has ceil(n / (batch_size * world_size)) full batches on every rank. Each system is one stream of fresh
    shuffles, and the batches of all ranks cut it into pieces: ranks never get the same place in a stream, small
    systems come again and large ones go on in the next epoch's shuffle. The order is a function of (seed, epoch).
    """

    def __init__(
        self, systems: NDArray[np.int64], batch_size: int, seed: int, *, rank: int = 0, world_size: int = 1
    ) -> None:
        if not len(systems):
            raise DataError("there are no windows to draw batches from")
        self.batch_size, self.seed, self.rank, self.world_size = batch_size, seed, rank, world_size
        _, inverse, counts = np.unique(systems, return_inverse=True, return_counts=True)
        order = torch.from_numpy(np.argsort(inverse, kind="stable"))
        self._members = torch.split(order, counts.tolist())
        self._length = math.ceil(len(systems) / (batch_size * world_size))
        self._quota = self._quotas()
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[list[int]]:
        draw = generator(self.seed, self.epoch)
        stops = self._quota.cumsum(dim=0)
        totals = stops[-1].tolist()
        streams = [_stream(members, total, draw) for members, total in zip(self._members, totals, strict=True)]
        for batch in range(self.rank, len(stops), self.world_size):
            ends, sizes = stops[batch].tolist(), self._quota[batch].tolist()
            pieces = [stream[end - size : end] for stream, end, size in zip(streams, ends, sizes, strict=True)]
            yield torch.cat(pieces).tolist()

    def _quotas(self) -> Tensor:
        """Windows of each system in each batch of all ranks, of shape (batches of all ranks, systems)."""
        systems = len(self._members)
        base, surplus = divmod(self.batch_size, systems)
        batch = torch.arange(self._length * self.world_size)[:, None]
        turn = (torch.arange(systems)[None, :] - batch * surplus) % systems
        return base + (turn < surplus).long()


def _stream(members: Tensor, total: int, draw: torch.Generator) -> Tensor:
    """The first ``total`` of the members' shuffles, one behind the other."""
    rounds = math.ceil(total / len(members))
    shuffles = [members[torch.randperm(len(members), generator=draw)] for _ in range(rounds)]
    return torch.cat(shuffles)[:total] if shuffles else members[:0]


class PairedBatches(Sampler[list[int]]):
    """Each batch of ``anchors`` and then, in the same order, another window of each anchor's recording: 2B positions.

    ``recordings`` of shape (n,) gives the recording id of each window. Raises DataError for a recording
    with a single window.
    """

    def __init__(self, anchors: BalancedBatches, recordings: NDArray[np.int64], *, seed: int) -> None:
        self.anchors, self.seed = anchors, seed
        ids, inverse, counts = np.unique(recordings, return_inverse=True, return_counts=True)
        alone = ids[counts == 1]
        if len(alone):
            raise DataError(
                f"{len(alone)} recordings have only one window each and cannot give pairs (Id "
                f"{', '.join(map(str, alone[:8].tolist()))}); place more windows per recording"
            )
        order = np.argsort(inverse, kind="stable")
        first = np.cumsum(counts) - counts
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order)) - first[inverse[order]]
        self._order = torch.from_numpy(order)
        self._first, self._count = torch.from_numpy(first[inverse]), torch.from_numpy(counts[inverse])
        self._place = torch.from_numpy(place)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order comes next."""
        self.anchors.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.anchors)

    def __iter__(self) -> Iterator[list[int]]:
        anchors = self.anchors
        draw = generator(self.seed, anchors.epoch, anchors.rank + 1)
        for batch in anchors:
            yield batch + self._partners(torch.tensor(batch), draw).tolist()

    def _partners(self, anchors: Tensor, draw: torch.Generator) -> Tensor:
        """For each anchor one of the other windows of its recording, all equally likely."""
        others = self._count[anchors] - 1
        step = 1 + (torch.rand(len(anchors), generator=draw, dtype=torch.float64) * others).long()
        return self._order[self._first[anchors] + (self._place[anchors] + step) % self._count[anchors]]


class SameEachEpoch(Sampler[list[int]]):
    """The batches of another sampler in its first order; it does not follow the epochs."""

    def __init__(self, batches: BalancedBatches | PairedBatches) -> None:
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._batches)


class SequentialBatches(Sampler[list[int]]):
    """Every window exactly once over all ranks, in order; the last batch is as long as it is."""

    def __init__(self, n: int, batch_size: int, *, rank: int = 0, world_size: int = 1) -> None:
        self.batch_size = batch_size
        self.start, self.stop = n * rank // world_size, n * (rank + 1) // world_size

    def __len__(self) -> int:
        return (self.stop - self.start + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[list[int]]:
        for start in range(self.start, self.stop, self.batch_size):
            yield list(range(start, min(start + self.batch_size, self.stop)))


class MixedBatches(Sampler[list[int]]):
    """Every window exactly once over all ranks, in one fixed random order, in batches as equal in size as can be.

    For losses that compare classes: windows in order would come one class at a time, and a short last batch might hold
    nothing to compare.
    """

    def __init__(self, n: int, batch_size: int, *, seed: int, rank: int = 0, world_size: int = 1) -> None:
        mine = torch.randperm(n, generator=generator(seed))[rank::world_size]
        self._batches = mine.tensor_split(math.ceil(len(mine) / batch_size)) if len(mine) else ()

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._batches:
            yield batch.tolist()
