"""Projection head of contrastive learning (Chen et al. 2020, SimCLR, section 2.1).

Shape suffixes: B batch, P patches, D features, E features of the projection.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config.stage_1 import Projection


class ProjectionHead(nn.Module):
    """Mean over tokens, then a perceptron with one hidden layer. Lengths are left to the loss to normalise."""

    def __init__(self, config: Projection, *, dim: int) -> None:
        super().__init__()
        self.perceptron = nn.Sequential(nn.Linear(dim, config.hidden), nn.ReLU(), nn.Linear(config.hidden, config.dim))

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Project tokens (B, P, D) to one vector per window (B, E)."""
        vectors_BE: Tensor = self.perceptron(tokens_BPD.mean(dim=1))
        return vectors_BE
