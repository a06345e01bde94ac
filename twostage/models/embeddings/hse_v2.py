"""Hierarchical Signal Embedding with a prompt of system, operating condition and sampling rate.

Shape suffixes: B batch, L window length, C channels, P patches, D features.
"""

from __future__ import annotations

from torch import Tensor

from twostage.config.model import embeddings as configs
from twostage.models.embeddings.patching import PatchStarts
from twostage.models.embeddings.prompted import PromptedEmbedding, ids_of
from twostage.models.embeddings.rig_prompt import RigPrompts


class HSEv2(PromptedEmbedding):
    """Timed patches become tokens, the prompt of their window is fused with each of them, layer norm, dropout.

    The prompt is that of the window itself. PHM-Vibench gave a batch the prompt of its first window, failed for every
    batch of more than one, and went on without a prompt; ``prompt: null`` is what it did, and this is what it meant.
    """

    def __init__(self, config: configs.HSEv2) -> None:
        super().__init__(config)
        written = config.prompt
        self.prompt = None if written is None else RigPrompts(written, dim=config.dim, dropout=config.dropout)
        self._finish()

    def forward(
        self,
        x_BLC: Tensor,
        sample_rate_B: Tensor,
        starts: PatchStarts | None = None,
        system_B: Tensor | None = None,
        domain_B: Tensor | None = None,
    ) -> Tensor:
        """Embed windows of the systems ``system_B`` under the conditions ``domain_B`` as tokens (B, P, D).

        Raises ValueError when ids are left out although there is a prompt.
        """
        tokens_BPD = self.signal(x_BLC, sample_rate_B, starts)
        if self.prompt is not None:
            ids = ids_of(self.config.kind, {"system_B": system_B, "domain_B": domain_B})
            tokens_BPD = self.prompt(tokens_BPD, *ids, sample_rate_B)
        normed_BPD: Tensor = self.dropout(self.norm(tokens_BPD))
        return normed_BPD
