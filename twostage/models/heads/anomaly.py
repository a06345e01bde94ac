"""Head for the detection of anomalies.

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config.model import task_heads as configs
from twostage.models.heads.narrowing import mean_answer, narrowing


class AnomalyHead(nn.Module):
    """The log-odds that something is wrong with the machine of each window."""

    def __init__(self, config: configs.AnomalyHead, *, dim: int) -> None:
        super().__init__()
        self.perceptron = narrowing(
            dim,
            config.hidden,
            config.layers,
            activation=config.activation,
            dropout=config.dropout,
            batch_norm=config.batch_norm,
        )

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Return one number per window (B,) of tokens (B, P, D)."""
        return mean_answer(self.perceptron, tokens_BPD)
