"""Matching networks (Vinyals et al. 2016, "Matching Networks for One Shot Learning"), without full context embeddings.

Legend: S support, Q query, N classes, D features.
"""

from __future__ import annotations

from math import inf

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from twostage.config.stage_2 import fewshot_methods as configs
from twostage.objectives.adapt.episodes.similarity import similarity
from twostage.objectives.adapt.episodes.tasks import FeatureMethod


class Matching(FeatureMethod):
    """Attention over the support; a class has the attention of its windows (eqs. 1 and 2)."""

    def __init__(self, config: configs.Matching) -> None:
        self.config = config

    def answer(self, support_SD: Tensor, class_S: Tensor, query_QD: Tensor, ways: int) -> Tensor:
        """Log-probabilities (Q, N)."""
        alike_QS = similarity(self.config.distance, query_QD, support_SD) / self.config.temperature
        member_SN = one_hot(class_S, ways).bool()
        log_attention_QS = alike_QS.log_softmax(dim=1)
        return torch.where(member_SN[None], log_attention_QS[:, :, None], -inf).logsumexp(dim=1)
