"""Reconstruction head: every token restores its own patch.

Shape suffixes: B batch, P patches, D features, l samples of a patch, c channels of a patch, v both.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config import model as configs


class ReconstructionHead(nn.Module):
    """One linear layer from a token to the samples of the patch that it came from."""

    def __init__(self, config: configs.Embedding) -> None:
        super().__init__()
        self.patch = (config.patch_length, config.patch_channels)
        self.linear = nn.Linear(config.dim, config.patch_length * config.patch_channels)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Restore patches (B, P, patch_length, patch_channels), laid out as the embedding's ``patches`` cuts them."""
        values_BPv: Tensor = self.linear(tokens_BPD)
        return values_BPv.reshape(*tokens_BPD.shape[:2], *self.patch)
