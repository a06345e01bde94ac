"""Hierarchical Signal Embedding with a learned prompt per system.

The idea is that of prompt tuning (Lester et al. 2021, "The Power of Scale for Parameter-Efficient Prompt Tuning"),
with the system in the place of the task, and vectors that are joined with every token in the place of further tokens.

Shape suffixes: B batch, L window length, C channels, P patches, D features, E features of a prompt.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from twostage.config.model import embeddings as configs
from twostage.config.model.prompts import SystemPrompt
from twostage.models.embeddings.patching import PatchStarts
from twostage.models.embeddings.prompted import PromptedEmbedding, ids_of, prompt_table

LONGEST_PROMPT = 10.0
LARGEST_SUM = 100.0


class SystemPrompts(nn.Module):
    """One learned vector per system, no longer than ``LONGEST_PROMPT``, mapped to the size of a token where added.

    A system that no training has seen has the vector that it was initialised with: small and random, so that its
    tokens are shifted a little, in a direction that means nothing. Adaptation then trains it, unless prompts are
    frozen.
    """

    def __init__(self, config: SystemPrompt, *, dim: int) -> None:
        super().__init__()
        self.wrap = config.overflow == "wrap"
        self.table = prompt_table(config.max_systems, config.dim)
        mapped = config.combination == "add" and config.dim != dim
        self.projection = nn.Linear(config.dim, dim) if mapped else nn.Identity()

    def forward(self, system_B: Tensor) -> Tensor:
        """The prompts (B, E) of the systems with these ids. Raises IndexError for an id outside the table."""
        row_B = system_B % self.table.num_embeddings if self.wrap else system_B
        prompt_BE = self.table(row_B)
        length_B1 = torch.linalg.vector_norm(prompt_BE, dim=-1, keepdim=True)
        shortened_BE = prompt_BE * (LONGEST_PROMPT / (length_B1 + 1e-8)).clamp(max=1.0)
        mapped_BE: Tensor = self.projection(shortened_BE)
        return mapped_BE


class HSEPrompt(PromptedEmbedding):
    """Timed patches become tokens, the prompt of their system joins each of them, layer norm, dropout."""

    def __init__(self, config: configs.HSEPrompt) -> None:
        super().__init__(config)
        written = config.prompt
        self.prompt = None if written is None else SystemPrompts(written, dim=config.dim)
        if written is not None and written.combination == "concat":
            self.mix = nn.Linear(config.dim + written.dim, config.dim)
        self._finish()

    def forward(
        self, x_BLC: Tensor, sample_rate_B: Tensor, starts: PatchStarts | None = None, system_B: Tensor | None = None
    ) -> Tensor:
        """Embed windows of the systems ``system_B`` as tokens (B, P, D).

        Raises ValueError when ``system_B`` is left out although there are prompts.
        """
        tokens_BPD = self.signal(x_BLC, sample_rate_B, starts)
        if self.prompt is not None:
            (ids_B,) = ids_of(self.config.kind, {"system_B": system_B})
            tokens_BPD = self._joined(tokens_BPD, self.prompt(ids_B))
        normed_BPD: Tensor = self.dropout(self.norm(tokens_BPD))
        return normed_BPD

    def _joined(self, tokens_BPD: Tensor, prompt_BE: Tensor) -> Tensor:
        if not hasattr(self, "mix"):
            return (tokens_BPD + prompt_BE[:, None]).clamp(-LARGEST_SUM, LARGEST_SUM)
        prompt_BPE = prompt_BE[:, None].expand(-1, tokens_BPD.shape[1], -1)
        mixed_BPD: Tensor = self.mix(torch.cat([tokens_BPD, prompt_BPE], dim=-1))
        return mixed_BPD
