"""Classification head that compares a summary of the tokens with one learnt vector per class.

The legacy name says distance; what is computed is an inner product.

Shape suffixes: B batch, P patches, D features, H heads, d features of one head, K classes (the largest count of all
systems), k classes of one system.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs
from twostage.models.heads.linear import SHARED
from twostage.models.heads.routing import by_system


class DistanceHead(nn.Module):
    """The mean token attends to all tokens; its answer is compared with the class vectors of the window's system.

    ``classes`` gives the number of classes of each system id. With ``share: shared`` all systems have the same class
    vectors, for the union of their classes. Class vectors start as standard normal numbers.
    """

    def __init__(self, config: configs.DistanceHead, *, dim: int, classes: Mapping[int, int]) -> None:
        super().__init__()
        if reason := config.misfit(dim=dim):
            raise ValueError(reason)
        self.heads = config.heads
        self.width = max(classes.values())
        self.inward = nn.Linear(dim, dim)
        self.query = nn.Linear(dim, dim, bias=False)
        self.key_value = nn.Linear(dim, 2 * dim, bias=False)
        self.attended = nn.Linear(dim, dim)
        self.outward = nn.Linear(dim, dim)
        counts = {SHARED: self.width} if config.share == "shared" else {str(id_): n for id_, n in classes.items()}
        self.classes = nn.ParameterDict({key: nn.Parameter(torch.randn(n, dim)) for key, n in counts.items()})

    def forward(self, tokens_BPD: Tensor, system_B: Tensor) -> Tensor:
        """Return logits (B, K) of tokens (B, P, D).

        A class that a window's system does not have is -inf. A window of a system without class vectors is NaN
        throughout, so that it cannot pass for an answer.
        """
        summary_BD = self.summary(tokens_BPD)
        layers = {key: partial(functional.linear, weight=vectors_kD) for key, vectors_kD in self.classes.items()}
        if SHARED in layers:
            return layers[SHARED](summary_BD)
        return by_system(summary_BD, system_B, layers, width=self.width)

    def summary(self, tokens_BPD: Tensor) -> Tensor:
        """Return the vector (B, D) that is compared with the class vectors."""
        tokens_BPD = self.inward(tokens_BPD)
        query_BH1d = self._apart(self.query(tokens_BPD.mean(dim=1, keepdim=True)))
        key_BHPd, value_BHPd = (self._apart(part) for part in self.key_value(tokens_BPD).chunk(2, dim=-1))
        mixed_BH1d = functional.scaled_dot_product_attention(query_BH1d, key_BHPd, value_BHPd)
        summary_BD: Tensor = self.outward(self.attended(mixed_BH1d.flatten(1)))
        return summary_BD

    def _apart(self, tokens_BPD: Tensor) -> Tensor:
        """Give each head its own features: (B, H, P, d)."""
        return tokens_BPD.reshape(*tokens_BPD.shape[:2], self.heads, -1).transpose(1, 2)
