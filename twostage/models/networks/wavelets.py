"""The discrete wavelet transform of Daubechies 1988, "Orthonormal bases of compactly supported wavelets", one level.

Shape suffixes: B batch, F features, T positions, t positions of the transform.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional


def daubechies(moments: int) -> NDArray[np.float64]:
    """The low pass filter with so many vanishing moments and twice as many taps, by spectral factorisation.

    The half-band polynomial has its roots in pairs z and 1/z; of each pair the one within the unit circle is taken.
    """
    half_band = [math.comb(moments - 1 + k, k) for k in range(moments - 1, -1, -1)]
    pairs = [np.roots([1, 4 * root - 2, 1]) for root in np.roots(half_band)]
    inner = [pair[np.argmin(np.abs(pair))] for pair in pairs]
    taps = np.poly(np.concatenate([-np.ones(moments), inner])).real
    scaled: NDArray[np.float64] = taps * math.sqrt(2) / taps.sum()
    return scaled


class WaveletTransform(nn.Module):
    """Low and high half of the band, each with half the positions; zeros lie beyond both ends."""

    low: Tensor
    high: Tensor

    def __init__(self, moments: int = 16) -> None:
        super().__init__()
        taps = daubechies(moments)
        turned = np.where(np.arange(len(taps)) % 2, -1, 1) * taps[::-1]
        for name, values in (("low", taps), ("high", turned)):
            self.register_buffer(name, torch.from_numpy(values.copy()).float()[None, None])

    def forward(self, x_BFT: Tensor) -> Tensor:
        """All low halves, then all high halves: (B, 2F, t) with t = (T + taps - 1) // 2."""
        features, positions, taps = x_BFT.shape[1], x_BFT.shape[2], self.low.shape[-1]
        wanted = 2 * ((positions + taps - 1) // 2 - 1) + taps - positions
        padded_BFT = functional.pad(x_BFT, (wanted // 2, wanted - wanted // 2))
        halves = [
            functional.conv1d(padded_BFT, taps_11n.expand(features, 1, -1), stride=2, groups=features)
            for taps_11n in (self.low, self.high)
        ]
        return torch.cat(halves, dim=1)
