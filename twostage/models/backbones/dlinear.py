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

    counts: Tensor

    def __init__(self, config: configs.DLinear, *, dim: int, patches: int) -> None:  # noqa: ARG002 - as every backbone
        super().__init__()
        self.seasonal = nn.Linear(patches, patches)
        self.trend = nn.Linear(patches, patches)
        self.window = config.window
        self.register_buffer("counts", neighbours(patches, config.window), persistent=False)
        for layer in (self.seasonal, self.trend):
            # As in the paper, training starts from an average over all tokens.
            nn.init.constant_(layer.weight, 1 / patches)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Mix tokens (B, P, D) along P; the shape stays."""
        # All of it is linear in the tokens: seasonal(x - average x) + trend(average x) is one map.
        average_PP = self.counts.to(self.trend.weight.dtype) / self.window
        weight_PP = self.seasonal.weight + (self.trend.weight - self.seasonal.weight) @ average_PP
        bias_P1 = (self.seasonal.bias + self.trend.bias)[:, None]
        return functional.silu(weight_PP @ tokens_BPD + bias_P1)


def neighbours(patches: int, window: int) -> Tensor:
    """How often each token counts in the centred average around each (P, P); the ends stand in for what is beyond."""
    half = window // 2
    near = (torch.arange(patches)[:, None] + torch.arange(-half, half + 1)).clamp(0, patches - 1)
    return torch.zeros(patches, patches, dtype=torch.long).scatter_add(1, near, torch.ones_like(near))
