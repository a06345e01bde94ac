"""Transformer backbone over tokens, named after PatchTST (Nie et al. 2023).

It shares with the paper that tokens are patches and that the normalisation is a batch norm at the end. The block itself
is a plain post-norm encoder: no channel independence and no position code.

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config import model as configs
from twostage.models.backbones.encoder_layer import EncoderLayer


class PatchTST(nn.Module):
    """Post-norm transformer encoder layers, then a batch norm over the features."""

    # Every backbone is built with the same arguments.
    def __init__(self, config: configs.PatchTST, *, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        self.layers = nn.ModuleList(EncoderLayer(config, dim) for _ in range(config.layers))
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Let tokens (B, P, D) attend to each other within a window; the shape stays."""
        for layer in self.layers:
            tokens_BPD = layer(tokens_BPD)
        tokens_BDP: Tensor = self.norm(tokens_BPD.transpose(1, 2))
        return tokens_BDP.transpose(1, 2)
