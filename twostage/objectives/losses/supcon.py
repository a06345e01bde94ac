"""Contrast by softmax over cosine similarities: NT-Xent and its generalisation to groups.

Legend: V vectors, E features.
"""

from __future__ import annotations

from pytorch_metric_learning.losses import SupConLoss
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn

from twostage.config.stage_1 import metric_losses as config
from twostage.objectives.losses.base import ComparingLoss


class SupCon(ComparingLoss):
    """Khosla et al. 2020, "Supervised Contrastive Learning", eq. 2: the mean over positives stands outside the log.

    With one positive each it is NT-Xent (Chen et al. 2020, eq. 1), number for number. The library's own NTXentLoss lays
    every positive against every negative in one table, which takes a hundred times as long at the same batch.
    A vector without a positive is a negative of others and has no loss of its own.
    """

    def __init__(self, config: config.SupCon | config.NTXent) -> None:
        super().__init__()
        # The library's default reducer leaves out a loss of exactly 0, also one that has been earned.
        self.mean_over_all: nn.Module = SupConLoss(temperature=config.temperature, reducer=MeanReducer())

    def compare(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:
        """Mean over the vectors that have a positive."""
        others_V = (identity_V[:, None] == identity_V[None, :]).sum(dim=1) - 1
        loss: Tensor = self.mean_over_all(z_VE, identity_V)
        return loss * len(identity_V) / (others_V > 0).sum()
