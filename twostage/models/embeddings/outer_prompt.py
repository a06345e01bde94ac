"""A prompt that the network adds to any embedding.

Shape suffixes: B batch, L window length, C channels, P patches, D features.
"""

from __future__ import annotations

from inspect import signature

from torch import Tensor

from twostage.config import model as configs
from twostage.models.embeddings.patching import PatchEmbedding, PatchStarts
from twostage.models.embeddings.prompted import ids_of, initialise
from twostage.models.embeddings.rig_prompt import RigPrompts


class OuterPrompt(PatchEmbedding):
    """Tokens of an embedding, each met by the prompt of its window."""

    def __init__(self, config: configs.ISFMPrompt, signal: PatchEmbedding, *, dim: int) -> None:
        super().__init__()
        self.kind = config.kind
        self.signal = signal
        self.prompt = RigPrompts(config.prompt, dim=dim, dropout=config.dropout)
        self.prompt.apply(initialise)
        asked = signature(signal.forward).parameters
        self._asked = [name for name in ("sample_rate_B", "starts") if name in asked]

    def forward(
        self,
        x_BLC: Tensor,
        sample_rate_B: Tensor,
        starts: PatchStarts | None = None,
        system_B: Tensor | None = None,
        domain_B: Tensor | None = None,
    ) -> Tensor:
        """Embed windows as tokens (B, P, D). Raises ValueError when ids are left out."""
        known = {"sample_rate_B": sample_rate_B, "starts": starts}
        tokens_BPD = self.signal(x_BLC, **{name: known[name] for name in self._asked})
        ids = ids_of(self.kind, {"system_B": system_B, "domain_B": domain_B})
        assert self.prompt is not None  # noqa: S101 - made by the constructor
        prompted_BPD: Tensor = self.prompt(tokens_BPD, *ids, sample_rate_B)
        return prompted_BPD

    def starts(self, x_BLC: Tensor) -> PatchStarts:
        """Choose where the patches of each window begin, as the embedding does."""
        return self.signal.starts(x_BLC)

    def patches(self, x_BLC: Tensor, starts: PatchStarts) -> Tensor:
        """The samples (B, P, l, c) of the patches that begin at ``starts``."""
        return self.signal.patches(x_BLC, starts)
