"""Arithmetic that half precision is too coarse for, or that no kernel does in half precision."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_single(x: Tensor) -> Tensor:
    """Return ``x`` in single precision, or as it is when it is finer."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
