"""Head for the remaining useful life.

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config.model import task_heads as configs
from twostage.models.heads.narrowing import mean_answer, narrowing


class RulHead(nn.Module):
    """The remaining life of each window, which is never negative, times a scale."""

    def __init__(self, config: configs.RulHead, *, dim: int) -> None:
        super().__init__()
        self.scale = config.scale
        self.perceptron = narrowing(
            dim, config.hidden, config.layers, activation=config.activation, dropout=config.dropout
        )

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Return one number per window (B,) of tokens (B, P, D)."""
        return mean_answer(self.perceptron, tokens_BPD).relu() * self.scale
