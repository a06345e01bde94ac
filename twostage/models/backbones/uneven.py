"""A post-norm encoder layer whose heads need not share the features evenly (Vaswani et al. 2017, section 3.2).

Shape suffixes: B batch, P patches, D features, H heads, d features of one head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs


class UnevenAttention(nn.Module):
    """Attention between tokens; heads times their features may be fewer or more than those of a token."""

    def __init__(self, dim: int, heads: int, head_features: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        inner = heads * head_features
        parts = [nn.Linear(dim, inner) for _ in range(3)]  # query, key and value, drawn one after the other
        self.in_proj_weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]))
        self.in_proj_bias = nn.Parameter(torch.cat([part.bias.detach() for part in parts]))
        self.out_proj = nn.Linear(inner, dim)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Let tokens attend to each other; the shape stays."""
        stacked = functional.linear(tokens_BPD, self.in_proj_weight, self.in_proj_bias)
        query_BHPd, key_BHPd, value_BHPd = (
            part.reshape(*part.shape[:2], self.heads, -1).transpose(1, 2) for part in stacked.chunk(3, dim=-1)
        )
        dropout = self.dropout if self.training else 0.0
        mixed_BHPd = functional.scaled_dot_product_attention(query_BHPd, key_BHPd, value_BHPd, dropout_p=dropout)
        attended_BPD: Tensor = self.out_proj(mixed_BHPd.transpose(1, 2).flatten(2))
        return attended_BPD


class UnevenLayer(nn.Module):
    """The layer of torch with such an attention; its tensors have the same names."""

    def __init__(self, config: configs.PatchTST, dim: int) -> None:
        super().__init__()
        assert config.head_features is not None  # noqa: S101 - what this layer is for
        self.self_attn = UnevenAttention(dim, config.heads, config.head_features, config.dropout)
        self.linear1, self.linear2 = nn.Linear(dim, config.feedforward), nn.Linear(config.feedforward, dim)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.dropout = nn.Dropout(config.dropout)
        self.activation = functional.relu if config.activation == "relu" else functional.gelu

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Attention, then two linear layers, each added to its input and normed."""
        tokens_BPD = self.norm1(tokens_BPD + self.dropout(self.self_attn(tokens_BPD)))
        hidden = self.dropout(self.activation(self.linear1(tokens_BPD)))
        answer_BPD: Tensor = self.norm2(tokens_BPD + self.dropout(self.linear2(hidden)))
        return answer_BPD
