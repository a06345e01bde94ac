"""What makes two windows belong together.

Legend: B batch.
"""

from __future__ import annotations

from torch import Tensor

from twostage.data.windowed import Batch


def class_of_system(batch: Batch, width: int) -> Tensor:
    """A number (B,) of its own for each class of each system; no system may have more than ``width`` classes."""
    return batch.system_B * width + batch.label_B
