"""White noise that belongs to a window: always the same, whoever reads it and in whichever batch.

Legend: B batch, L length, C channels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_WORD = (1 << 64) - 1


def with_noise(x_BLC: Tensor, snr: float, ids: NDArray[np.int64], starts: NDArray[np.int64]) -> Tensor:
    """Windows with white Gaussian noise at ``snr`` dB, by the mean powers of each window and channel.

    The noise is drawn from the recording's id and the window's first sample alone. A silent window stays silent.
    """
    shape = x_BLC.shape[1:]
    drawn = np.stack([_normal(int(i), int(start), shape) for i, start in zip(ids, starts, strict=True)])
    power_B1C = x_BLC.square().mean(dim=1, keepdim=True)
    return x_BLC + torch.from_numpy(drawn) * (power_B1C * 10 ** (-snr / 10)).sqrt()


def _normal(recording: int, start: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    key = np.array([recording & _WORD, start & _WORD], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).standard_normal(shape, dtype=np.float32)
