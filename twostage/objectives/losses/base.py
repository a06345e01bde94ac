"""What every comparing loss shares: single precision, and a batch in which there is something to compare.

Legend: V vectors, B pairs, E features.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from twostage.errors import TrainingError


class ComparingLoss(nn.Module):
    """Loss of vectors (V, E) that are positives of each other where their identities (V,) are equal.

    Always computed in float32 and outside of autocast: similarities that are divided by a small temperature leave
    nothing of the eight bits of a bfloat16. Raises TrainingError for a batch without a positive or without a
    negative pair, because its loss would be a constant that looks like success.
    """

    def forward(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:
        """Mean loss; 0-dimensional, float32."""
        self.check(identity_V)
        with torch.autocast(z_VE.device.type, enabled=False):
            return self.compare(z_VE.float(), identity_V)

    @abstractmethod
    def compare(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:
        """The loss of a batch that has been checked."""

    def check(self, identity_V: Tensor) -> None:
        """Raise TrainingError when there is nothing to compare."""
        count = len(identity_V)
        groups = len(torch.unique(identity_V))
        if groups == count:
            raise TrainingError(
                f"no two of the {count} windows of a batch belong together, so the metric loss has no positive pair; "
                "a larger batch_size, fewer systems or two views of each window would give one"
            )
        if groups == 1:
            raise TrainingError(
                f"all {count} windows of a batch belong together, so the metric loss has nothing to tell them apart "
                "from; a larger batch_size or more classes would give it"
            )


class PairLoss(ComparingLoss):
    """A loss of two views: the first half of the vectors are the partners of the second, in the same order."""

    def check(self, identity_V: Tensor) -> None:
        """Raise TrainingError when statistics over the batch would rest on a single pair."""
        pairs = len(identity_V) // 2
        if pairs < 2:  # noqa: PLR2004 - the fewest that vary
            raise TrainingError(
                f"a batch holds {pairs} pair(s), but this loss needs statistics over two or more; raise batch_size"
            )

    def compare(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:  # noqa: ARG002 - the order says what belongs together
        """The loss of the two halves."""
        first_BE, second_BE = z_VE.chunk(2)
        return self.views(first_BE, second_BE)

    @abstractmethod
    def views(self, first_BE: Tensor, second_BE: Tensor) -> Tensor:
        """The loss of paired views (B, E)."""


def check(losses: Iterable[nn.Module], identity_V: Tensor) -> None:
    """Raise TrainingError where one of the losses has nothing to compare; those of packages need not say so."""
    for loss in losses:
        looks = getattr(loss, "check", None)
        if callable(looks):
            looks(identity_V)
