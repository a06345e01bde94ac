"""Decomposition-linear backbone (Zeng et al. 2023, "Are transformers effective for time series forecasting?").

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs


class DLinear(nn.Module):
    """Split the token sequence into trend and remainder, mix each by one linear layer over tokens, and add them.

    The trend is a centred moving average; the first and the last token stand in beyond the ends. Both layers are shared
    by all features. Unlike in the paper, a SiLU follows the sum, and the sequence consists of tokens, not of samples.
    """

    # Every backbone is built with the same arguments.
    def __init__(self, config: configs.DLinear, *, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        self.window = config.window
        self.seasonal = nn.Linear(patches, patches)
        self.trend = nn.Linear(patches, patches)
        for layer in (self.seasonal, self.trend):
            # As in the paper, training starts from an average over all tokens.
            nn.init.constant_(layer.weight, 1 / patches)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Mix tokens (B, P, D) along P; the shape stays."""
        tokens_BDP = tokens_BPD.transpose(1, 2)
        trend_BDP = self._average(tokens_BDP)
        mixed_BDP = self.seasonal(tokens_BDP - trend_BDP) + self.trend(trend_BDP)
        return functional.silu(mixed_BDP).transpose(1, 2)

    def _average(self, tokens_BDP: Tensor) -> Tensor:
        # Padding by concatenation, because the gradient of replication padding is not deterministic on CUDA.
        beyond = (-1, -1, self.window // 2)
        first_BDp, last_BDp = tokens_BDP[..., :1].expand(beyond), tokens_BDP[..., -1:].expand(beyond)
        padded_BDP = torch.cat([first_BDp, tokens_BDP, last_BDp], dim=-1)
        return functional.avg_pool1d(padded_BDP, self.window, stride=1)
