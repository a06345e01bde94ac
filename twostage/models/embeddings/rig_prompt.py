"""A prompt made of what is known of a window: its system, its operating condition and its sampling rate.

Shape suffixes: B batch, P patches, D features, E features of the prompt, A features of an id, S of the sampling rate,
T the two tokens (system, sampling rate).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from twostage.config.model.prompts import RigPrompt
from twostage.models.embeddings.prompted import prompt_table

# Sampling rates enter the network in this unit, in Hz.
RATE_UNIT = 10_000.0


class PromptEncoder(nn.Module):
    """System and condition become one token, the sampling rate another; both attend to each other and are averaged.

    A system or condition that no training has seen has the vector that it was initialised with, small and random.
    Domain ids are those of the metadata table, where each system counts its conditions from the same number: rows of
    the conditions' table are shared by all systems.
    """

    def __init__(self, config: RigPrompt, *, dropout: float) -> None:
        super().__init__()
        third, dim = config.dim // 3, config.dim
        self.systems = prompt_table(config.max_systems, third)
        self.domains = prompt_table(config.max_domains, third)
        self.rate = nn.Linear(1, dim - 2 * third)
        self.system_fusion = nn.Linear(2 * third, dim)
        self.system_norm = nn.LayerNorm(dim)
        self.rate_fusion = nn.Linear(dim - 2 * third, dim)
        self.rate_norm = nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, config.heads, batch_first=True)
        self.projection = nn.Linear(dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, system_B: Tensor, domain_B: Tensor, sample_rate_B: Tensor) -> Tensor:
        """The prompts (B, E); ids are rows of the tables, rates are in Hz. Raises IndexError for an unknown id."""
        origin_BA = torch.cat([self.systems(system_B), self.domains(domain_B)], dim=-1)
        rate_BS = self.rate(sample_rate_B.to(self.rate.weight.dtype)[:, None] / RATE_UNIT)
        tokens = self.system_norm(self.system_fusion(origin_BA)), self.rate_norm(self.rate_fusion(rate_BS))
        tokens_BTE = torch.stack(tokens, dim=1)
        attended_BTE, _ = self.attention(tokens_BTE, tokens_BTE, tokens_BTE, need_weights=False)
        prompt_BE: Tensor = self.dropout(self.norm(self.projection(attended_BTE.mean(dim=1))))
        return prompt_BE


class AttentionFusion(nn.Module):
    """Tokens attend to the prompt, and what they find is added to them.

    There is one prompt to attend to, so that its weight is 1 whatever the queries and keys are: the same vector is
    added to every token, and the weights of queries and keys have no effect. They are kept so that a saved encoder
    is read and written whole.
    """

    def __init__(self, config: RigPrompt, *, dim: int, dropout: float) -> None:
        super().__init__()
        self.projection = nn.Linear(config.dim, dim)
        self.attention = nn.MultiheadAttention(dim, config.heads, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens_BPD: Tensor, prompt_BE: Tensor) -> Tensor:
        """Join tokens and prompt: (B, P, D)."""
        key_B1D = self.projection(prompt_BE)[:, None]
        found_BPD, _ = self.attention(tokens_BPD, key_B1D, key_B1D, need_weights=False)
        fused_BPD: Tensor = self.dropout(self.norm(tokens_BPD + found_BPD))
        return fused_BPD


class ConcatFusion(nn.Module):
    """The prompt is set beside every token, and one layer mixes both."""

    def __init__(self, config: RigPrompt, *, dim: int, dropout: float) -> None:
        super().__init__()
        self.mix = nn.Linear(dim + config.dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens_BPD: Tensor, prompt_BE: Tensor) -> Tensor:
        """Join tokens and prompt: (B, P, D)."""
        prompt_BPE = prompt_BE[:, None].expand(-1, tokens_BPD.shape[1], -1)
        fused_BPD: Tensor = self.dropout(self.norm(self.mix(torch.cat([tokens_BPD, prompt_BPE], dim=-1))))
        return fused_BPD


class GatingFusion(nn.Module):
    """The prompt says for each feature how much is taken from the token and how much from the prompt."""

    def __init__(self, config: RigPrompt, *, dim: int, dropout: float) -> None:
        super().__init__()
        self.gate = nn.Linear(config.dim, dim)
        self.transform = nn.Linear(config.dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens_BPD: Tensor, prompt_BE: Tensor) -> Tensor:
        """Join tokens and prompt: (B, P, D)."""
        gate_B1D = torch.sigmoid(self.gate(prompt_BE))[:, None]
        offered_B1D = self.transform(prompt_BE)[:, None]
        fused_BPD: Tensor = self.dropout(self.norm(gate_B1D * tokens_BPD + (1 - gate_B1D) * offered_B1D))
        return fused_BPD


FUSIONS = {"attention": AttentionFusion, "concat": ConcatFusion, "gating": GatingFusion}


class RigPrompts(nn.Module):
    """The prompt of each window, and its fusion with the tokens; both are kept where prompts are frozen."""

    def __init__(self, config: RigPrompt, *, dim: int, dropout: float) -> None:
        super().__init__()
        self.encoder = PromptEncoder(config, dropout=dropout)
        self.fusion = FUSIONS[config.fusion](config, dim=dim, dropout=dropout)

    def forward(self, tokens_BPD: Tensor, system_B: Tensor, domain_B: Tensor, sample_rate_B: Tensor) -> Tensor:
        """Join tokens and the prompt of their window: (B, P, D)."""
        fused_BPD: Tensor = self.fusion(tokens_BPD, self.encoder(system_B, domain_B, sample_rate_B))
        return fused_BPD
