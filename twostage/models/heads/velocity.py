"""The last layer of a flow over whole windows.

Shape suffixes: B batch, D features, L window length, C channels.
"""

from __future__ import annotations

from torch import Tensor, nn


class WindowVelocityHead(nn.Module):
    """One linear layer from the features of a mixture to the way from its noise to its window."""

    def __init__(self, *, dim: int, length: int, channels: int) -> None:
        super().__init__()
        self.shape = (length, channels)
        self.linear = nn.Linear(dim, length * channels)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features_BD: Tensor) -> Tensor:
        """Velocities (B, L, C)."""
        velocity_BLC: Tensor = self.linear(features_BD).unflatten(1, self.shape)
        return velocity_BLC
