"""Band energies: features that nobody has trained.

Shape suffixes: B batch, L window length, C channels, K spectral lines, N bands, F features.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from twostage.models.embeddings.patching import PatchEmbedding
from twostage.models.network import Encoding

BANDS = 64
LINES_PER_BAND = 2
ROUNDING = 1e-4  # of a band: a line at the upper edge of a band lies inside it on every device
FAINTEST = 1e-12  # keeps the logarithm of an empty band finite


class BandEnergies(nn.Module):
    """Logarithm of the energy of a window in bands of equal width, from above 0 Hz to ``top`` Hz, in each channel.

    There are 64 bands, or fewer where a window of ``length`` samples has too few spectral lines for them.
    """

    prompt = None

    def __init__(self, *, length: int, channels: int, top: float) -> None:
        super().__init__()
        self.top = top
        self.bands = max(1, min(BANDS, length // 2 // LINES_PER_BAND))
        self.dim = self.bands * channels

    def forward(self, x_BLC: Tensor, sample_rate_B: Tensor) -> Tensor:
        """Features of windows, as one token each (B, 1, F)."""
        energy_BKC = torch.fft.rfft(x_BLC.float(), dim=1).abs().square()[:, 1:] / x_BLC.shape[1]
        line_K = torch.arange(1, energy_BKC.shape[1] + 1, device=x_BLC.device)
        hertz_BK = line_K * sample_rate_B.float()[:, None] / x_BLC.shape[1]
        band_BK = (hertz_BK / self.top * self.bands - ROUNDING).ceil().long() - 1
        inside_BK = band_BK < self.bands
        band_BKC = band_BK.clamp(max=self.bands - 1)[..., None].expand_as(energy_BKC)
        found_BNC = energy_BKC.new_zeros(len(x_BLC), self.bands, x_BLC.shape[2])
        found_BNC.scatter_add_(1, band_BKC, energy_BKC * inside_BK[..., None])
        features_BF: Tensor = (found_BNC + FAINTEST).log().flatten(1)
        return features_BF[:, None]


class BandEncoder(Encoding):
    """Band energies in the place of an encoder; there is nothing to train."""

    def __init__(self, features: BandEnergies) -> None:
        super().__init__(cast("PatchEmbedding", features), nn.Identity())
