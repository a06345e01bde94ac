"""Transformer backbone over tokens (Vaswani et al. 2017, "Attention is all you need", section 3.1).

Only the encoder's layers are used: there is no position code and no norm after the last layer.

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

from copy import deepcopy

from torch import Tensor, nn

from twostage.config import model as configs


class Transformer(nn.Module):
    """Post-norm transformer encoder layers. Weights start as ``nn.TransformerEncoderLayer`` draws them."""

    # Every backbone is built with the same arguments.
    def __init__(self, config: configs.Transformer, *, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        first = _layer(config, dim)
        others = (deepcopy(first) if config.identical_start else _layer(config, dim) for _ in range(config.layers - 1))
        self.encoder_layers = nn.ModuleList([first, *others])

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Let tokens (B, P, D) attend to each other within a window; the shape stays."""
        for layer in self.encoder_layers:
            tokens_BPD = layer(tokens_BPD)
        return tokens_BPD


def _layer(config: configs.Transformer, dim: int) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(
        d_model=dim,
        nhead=config.heads,
        dim_feedforward=config.feedforward,
        dropout=config.dropout,
        activation=config.activation,
        batch_first=True,
    )
