"""What every embedding offers: where its patches begin, and the patches themselves.

Shape suffixes: B batch, L window length, C channels, P patches, l samples and c channels of a patch.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from torch import Tensor, nn


class PatchStarts(NamedTuple):
    """First sample and first channel of each patch, as int64, counted after the repeats of a short window."""

    length_BP: Tensor
    channel_BP: Tensor


class PatchEmbedding(nn.Module):
    """Turns a window into one token per patch.

    ``forward`` takes the windows and, by name, whatever it needs of ``sample_rate_B`` (Hz), ``starts``, ``system_B``
    and ``domain_B`` (ids of the metadata table); the network gives it what its signature names. ``prompt`` holds what
    it has learned of systems and can be frozen alone; None where there is no such thing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.prompt: nn.Module | None = None

    @abstractmethod
    def starts(self, x_BLC: Tensor) -> PatchStarts:
        """Choose where the patches of each window begin."""

    @abstractmethod
    def patches(self, x_BLC: Tensor, starts: PatchStarts) -> Tensor:
        """The samples (B, P, l, c) of the patches that begin at ``starts``."""
