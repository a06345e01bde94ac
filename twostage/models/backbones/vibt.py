"""Transformer whose blocks listen to the mean token.

This is the adaLN of Peebles and Xie 2023, "Scalable diffusion models with transformers", section 3.2.
The condition is the mean of the block's own input. Unlike in the paper, the norms are RMS norms, queries and keys are
normed as well, and the gates do not start at zero.

Shape suffixes: B batch, P patches, D features, d features of one attention head.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs
from twostage.models.precision import at_least_single


class VIBT(nn.Module):
    """Conditioned transformer blocks."""

    # Every backbone is built with the same arguments.
    def __init__(self, config: configs.VIBT, *, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        self.blocks = nn.ModuleList(ConditionedBlock(config, dim) for _ in range(config.layers))

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Let tokens (B, P, D) attend to each other within a window; the shape stays."""
        for block in self.blocks:
            tokens_BPD = block(tokens_BPD)
        return tokens_BPD


class ConditionedBlock(nn.Module):
    """Attention, then a perceptron; the mean token says how each is shifted, scaled and gated."""

    def __init__(self, config: configs.VIBT, dim: int) -> None:
        super().__init__()
        hidden = dim * config.mlp_ratio
        self.norm1 = RMSNorm()
        self.attention = NormedAttention(dim, config.heads)
        self.norm2 = RMSNorm()
        self.perceptron = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, dim))
        self.modulation = nn.Linear(dim, 6 * dim)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Add what attention and perceptron say to tokens (B, P, D)."""
        condition_B1D = tokens_BPD.mean(dim=1, keepdim=True)
        shift1_B1D, scale1_B1D, gate1_B1D, shift2_B1D, scale2_B1D, gate2_B1D = self.modulation(
            functional.silu(condition_B1D)
        ).chunk(6, dim=-1)
        normed_BPD = self.norm1(tokens_BPD) * (1 + scale1_B1D) + shift1_B1D
        tokens_BPD = tokens_BPD + gate1_B1D * self.attention(normed_BPD)
        normed_BPD = self.norm2(tokens_BPD) * (1 + scale2_B1D) + shift2_B1D
        answer_BPD: Tensor = tokens_BPD + gate2_B1D * self.perceptron(normed_BPD)
        return answer_BPD


class NormedAttention(nn.Module):
    """Multi-head attention whose queries and keys are RMS-normed within each head."""

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(dim, 3 * dim)
        self.query_norm = RMSNorm()
        self.key_norm = RMSNorm()
        self.out = nn.Linear(dim, dim)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Let tokens (B, P, D) attend to each other; the shape stays."""
        stacked_BP3Hd = self.query_key_value(tokens_BPD).reshape(*tokens_BPD.shape[:2], 3, self.heads, -1)
        query_BHPd, key_BHPd, value_BHPd = stacked_BP3Hd.transpose(1, 3).unbind(dim=2)
        query_BHPd, key_BHPd = self.query_norm(query_BHPd), self.key_norm(key_BHPd)
        mixed_BHPd = functional.scaled_dot_product_attention(query_BHPd, key_BHPd, value_BHPd)
        attended_BPD: Tensor = self.out(mixed_BHPd.transpose(1, 2).flatten(2))
        return attended_BPD


class RMSNorm(nn.Module):
    """Scale vectors to a root mean square of 1, then by one learnt factor (Zhang and Sennrich 2019, one gain)."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        """Norm the last axis of ``x``; the type of numbers stays."""
        unit = functional.normalize(at_least_single(x), dim=-1)
        return (unit * math.sqrt(x.shape[-1]) * self.gain).to(x.dtype)
