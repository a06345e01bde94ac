"""What was answered in a test, window by window, so that every number of it can be computed again by hand.

Legend: B windows of a batch, K classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from twostage.objectives.ranks import everywhere

Columns = dict[str, Tensor]


class Answers:
    """Columns of one value for each window of a batch, batch after batch."""

    def __init__(self) -> None:
        self._batches: list[Columns] = []

    def clear(self) -> None:
        """Forget all windows."""
        self._batches.clear()

    def add(self, columns: Mapping[str, Tensor]) -> None:
        """Add the windows of a batch, in double precision, which keeps ids and single-precision answers as they are."""
        self._batches.append({name: column_B.detach().cpu().double() for name, column_B in columns.items()})

    def batches(self) -> list[Columns]:
        """All batches in the order of the test; of several processes those of all of them, and each must ask."""
        return everywhere(self._batches)


def logits_of(logits_BK: Tensor) -> Columns:
    """A column for each class index."""
    return {f"logit_{index}": column_B for index, column_B in enumerate(logits_BK.T)}


def whole(batches: list[Columns]) -> Iterator[tuple[str, Tensor]]:
    """Each column over all batches."""
    for name in batches[0] if batches else ():
        yield name, torch.cat([batch[name] for batch in batches])
