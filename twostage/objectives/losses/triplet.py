"""Triplet loss: a positive must be nearer than a negative by a margin.

Legend: V vectors, E features.
"""

from __future__ import annotations

from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn

from twostage.config.stage_1 import metric_losses as config
from twostage.objectives.losses.base import ComparingLoss


class Triplet(ComparingLoss):
    """Mean over triplets of ``max(0, d(a, p) - d(a, n) + margin)`` with Euclidean d of vectors scaled to length 1.

    With ``miner: hard`` each vector that has a positive gives one triplet, of its farthest positive and its nearest
    negative (Hermans et al. 2017, "In Defense of the Triplet Loss", eq. 5); with ``all``, every triplet of the batch
    counts, also one that is satisfied. The scaling is that of FaceNet (Schroff et al. 2015, section 3.1).
    """

    def __init__(self, config: config.Triplet) -> None:
        super().__init__()
        distance = LpDistance()
        self.miner: nn.Module | None = BatchHardMiner(distance=distance) if config.miner == "hard" else None
        self.margin: nn.Module = TripletMarginLoss(config.margin, distance=distance, reducer=MeanReducer())

    def compare(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:
        """Mean over the chosen triplets."""
        mined = None if self.miner is None else self.miner(z_VE, identity_V)
        loss: Tensor = self.margin(z_VE, identity_V, mined)
        return loss
