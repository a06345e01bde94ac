"""Nearest neighbours among the support.

Legend: S support, Q query, k neighbours, N classes, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from twostage.config.stage_2 import fewshot_methods as configs
from twostage.objectives.adapt.episodes.similarity import squared_distance
from twostage.objectives.adapt.episodes.tasks import FeatureMethod

# What the nearest vote is worth beside 1; the next are worth half of it each, so that it only decides ties.
_TIE = 1e-3


class Neighbours(FeatureMethod):
    """The nearest windows vote, and a tie goes to the class of the nearest; probabilities are (votes + 1) / (k + N)."""

    def __init__(self, config: configs.Neighbours) -> None:
        self.config = config

    def answer(self, support_SD: Tensor, class_S: Tensor, query_QD: Tensor, ways: int) -> Tensor:
        """Log-probabilities (Q, N)."""
        nearest_Qk = squared_distance(query_QD, support_SD).topk(self.config.neighbours, largest=False).indices
        votes_QkN = one_hot(class_S[nearest_Qk], ways).to(query_QD.dtype)
        worth_k = 1 + _TIE * 0.5 ** torch.arange(self.config.neighbours, device=query_QD.device)
        counts_QN = (votes_QkN * worth_k[None, :, None]).sum(dim=1) + 1
        return (counts_QN / counts_QN.sum(dim=1, keepdim=True)).log()
