"""Transformer backbone over tokens, named after PatchTST (Nie et al. 2023).

It shares with the paper that tokens are patches and that the normalisation is a batch norm at the end. The block itself
is a plain post-norm encoder: no channel independence and no position code.

Shape suffixes: B batch, P patches, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from twostage.config import model as configs
from twostage.models.backbones.uneven import UnevenLayer


class PatchTST(nn.Module):
    """Post-norm transformer encoder layers, then a batch norm over the features."""

    # Every backbone is built with the same arguments.
    def __init__(self, config: configs.PatchTST, *, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        make = _layer if config.head_features is None else UnevenLayer
        self.layers = nn.ModuleList(make(config, dim) for _ in range(config.layers))
        self.norm = nn.BatchNorm1d(dim)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Let tokens (B, P, D) attend to each other within a window; the shape stays."""
        for layer in self.layers:
            tokens_BPD = layer(tokens_BPD)
        tokens_BDP: Tensor = self.norm(tokens_BPD.transpose(1, 2))
        return tokens_BDP.transpose(1, 2)


def _layer(config: configs.PatchTST, dim: int) -> nn.TransformerEncoderLayer:
    # The layer's own initial weights are replaced below, so the numbers that it draws for them must not count.
    with torch.random.fork_rng(devices=[]):
        layer = nn.TransformerEncoderLayer(
            d_model=dim,
            nhead=config.heads,
            dim_feedforward=config.feedforward,
            dropout=config.dropout,
            activation=config.activation,
            batch_first=True,
        )
    _initialise(layer)
    return layer


@torch.no_grad()
def _initialise(layer: nn.TransformerEncoderLayer) -> None:
    """Give every linear map the default of ``nn.Linear``: weights and biases uniform within 1/sqrt(inputs).

    ``nn.MultiheadAttention`` would take Xavier weights over the stacked query, key and value, and zero biases. Models
    that were trained with separate projections started from the default of each, in the order used here.
    """
    attention = layer.self_attn
    dim = attention.embed_dim
    for weight_DD, bias_D in zip(attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3), strict=True):
        fresh = nn.Linear(dim, dim, device=weight_DD.device)
        weight_DD.copy_(fresh.weight)
        bias_D.copy_(fresh.bias)
    for linear in (attention.out_proj, layer.linear1, layer.linear2):
        linear.reset_parameters()
