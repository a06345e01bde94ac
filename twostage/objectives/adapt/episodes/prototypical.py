"""Prototypical networks (Snell, Swersky and Zemel 2017, "Prototypical Networks for Few-shot Learning").

Legend: S support, Q query, N classes, D features.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import one_hot

from twostage.config.stage_2 import fewshot_methods as configs
from twostage.objectives.adapt.episodes.similarity import similarity
from twostage.objectives.adapt.episodes.tasks import FeatureMethod


class Prototypical(FeatureMethod):
    """Softmax over the similarities to the mean of each class's support (eqs. 1 and 2)."""

    def __init__(self, config: configs.Prototypical) -> None:
        self.config = config

    def answer(self, support_SD: Tensor, class_S: Tensor, query_QD: Tensor, ways: int) -> Tensor:
        """Log-probabilities (Q, N)."""
        member_SN = one_hot(class_S, ways).to(support_SD.dtype)
        prototypes_ND = (member_SN / member_SN.sum(dim=0)).T @ support_SD
        alike_QN = similarity(self.config.distance, query_QD, prototypes_ND)
        return (alike_QN / self.config.temperature).log_softmax(dim=1)
