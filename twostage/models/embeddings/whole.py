"""What stands in the place of the embedding where a complete network reads the windows.

Shape suffixes: B batch, L window length, C channels.
"""

from __future__ import annotations

from torch import Tensor

from twostage.models.embeddings.patching import PatchEmbedding, PatchStarts


class WholeWindows(PatchEmbedding):
    """Hands on windows as they are. It has no weights, and cuts no patches."""

    def forward(self, x_BLC: Tensor) -> Tensor:
        """The windows."""
        return x_BLC

    def starts(self, x_BLC: Tensor) -> PatchStarts:
        """There are no patches; objectives that need some refuse complete networks."""
        raise NotImplementedError

    def patches(self, x_BLC: Tensor, starts: PatchStarts) -> Tensor:
        """There are no patches."""
        raise NotImplementedError
