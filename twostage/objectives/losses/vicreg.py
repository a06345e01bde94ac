"""VICReg: invariance, variance and covariance of two views.

Legend: B pairs, E features.
"""

from __future__ import annotations

from pytorch_metric_learning.losses import VICRegLoss
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn

from twostage.config.stage_1 import metric_losses as config
from twostage.objectives.losses.base import PairLoss


class VICReg(PairLoss):
    """Bardes et al. 2022, "VICReg: Variance-Invariance-Covariance Regularization", section 4.1.

    In the scaling of the paper's own code and of the libraries: the mean squared difference is over pairs and
    features, and the variance term is the mean of both views and not their sum, which is half of the paper's equation.
    """

    def __init__(self, config: config.VICReg) -> None:
        super().__init__()
        self.weighted: nn.Module = VICRegLoss(
            invariance_lambda=config.invariance,
            variance_mu=config.variance,
            covariance_v=config.covariance,
            reducer=MeanReducer(),
        )

    def views(self, first_BE: Tensor, second_BE: Tensor) -> Tensor:
        """Weighted sum of the three terms."""
        loss: Tensor = self.weighted(first_BE, ref_emb=second_BE)
        return loss
