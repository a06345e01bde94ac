"""A post-norm encoder layer whose heads need not share the features evenly (Vaswani et al. 2017, section 3.2).

It is the layer of torch with two differences. Heads times their features may be fewer or more than the features of a
token. And each of the three projections starts as a linear map of its own: torch would draw them as one.

Shape suffixes: B batch, P patches, D features, H heads, d features of one head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs


class Attention(nn.Module):
    """Attention between tokens. Its tensors have the names of ``nn.MultiheadAttention``."""

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
        query_BHPd, key_BHPd, value_BHPd = stacked.reshape(*stacked.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed_BHPd = self._mixed(query_BHPd, key_BHPd, value_BHPd)
        attended_BPD: Tensor = self.out_proj(mixed_BHPd.transpose(1, 2).flatten(2))
        return attended_BPD

    def _mixed(self, query_BHPd: Tensor, key_BHPd: Tensor, value_BHPd: Tensor) -> Tensor:
        if not (self.training and self.dropout):
            return functional.scaled_dot_product_attention(query_BHPd, key_BHPd, value_BHPd)
        # With dropout that function has no kernel of its own on a CPU, and its general way is slower than this.
        scores_BHPP = query_BHPd * query_BHPd.shape[-1] ** -0.5 @ key_BHPd.transpose(-1, -2)
        return functional.dropout(scores_BHPP.softmax(-1), self.dropout) @ value_BHPd


class EncoderLayer(nn.Module):
    """Attention, then two linear layers; its tensors have the names of ``nn.TransformerEncoderLayer``."""

    def __init__(self, config: configs.PatchTST, dim: int) -> None:
        super().__init__()
        head_features = config.head_features or dim // config.heads
        self.self_attn = Attention(dim, config.heads, head_features, config.dropout)
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
