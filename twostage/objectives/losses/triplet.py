"""Triplet loss: a positive must be nearer than a negative by a margin.

Legend: V vectors, E features, T triplets, R pairs of an anchor and a positive.
"""

from __future__ import annotations

import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import MeanReducer
from torch import Tensor, nn
from torch.nn.functional import normalize

from twostage.config.stage_1 import metric_losses as config
from twostage.objectives.losses.base import ComparingLoss

Triplets = tuple[Tensor, Tensor, Tensor]


class Triplet(ComparingLoss):
    """Mean over triplets of ``max(0, d(a, p) - d(a, n) + margin)`` with Euclidean d of vectors scaled to length 1.

    With ``miner: hard`` each vector that has a positive gives one triplet, of its farthest positive and its nearest
    negative (Hermans et al. 2017, "In Defense of the Triplet Loss", eq. 5). With ``semihard`` each pair of positives
    gives one, with the nearest negative that is farther away than the positive (Schroff et al. 2015, "FaceNet", section
    3.2), or, without one, the farthest negative: so a collapse, where no negative is farther away, costs the margin and
    not nothing. With ``all``, every triplet of the batch counts, also one that is satisfied. The scaling is FaceNet's.
    """

    def __init__(self, config: config.Triplet) -> None:
        super().__init__()
        distance = LpDistance()
        miners: dict[str, nn.Module] = {"hard": BatchHardMiner(distance=distance), "semihard": _SemiHard()}
        self.miner = miners.get(config.miner)
        self.margin: nn.Module = TripletMarginLoss(config.margin, distance=distance, reducer=MeanReducer())

    def compare(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:
        """Mean over the chosen triplets."""
        mined = None if self.miner is None else self.miner(z_VE, identity_V)
        loss: Tensor = self.margin(z_VE, identity_V, mined)
        return loss


class _SemiHard(nn.Module):
    """Chooses one negative for each pair of positives; the library's own miner drops pairs that have none."""

    def forward(self, z_VE: Tensor, identity_V: Tensor) -> Triplets:
        """Positions of anchors, positives and negatives (T,) each."""
        unit_VE = normalize(z_VE.detach(), dim=1)
        apart_VV = torch.cdist(unit_VE, unit_VE, compute_mode="donot_use_mm_for_euclid_dist")
        same_VV = identity_V[:, None] == identity_V[None, :]
        anchor_R, positive_R = (same_VV & ~torch.eye(len(z_VE), dtype=torch.bool, device=z_VE.device)).nonzero().T
        # Negatives of each anchor by distance; what is no negative stands at the end.
        far_VV, order_VV = apart_VV.masked_fill(same_VV, torch.inf).sort(dim=1)
        reach_R1 = apart_VV[anchor_R, positive_R][:, None].contiguous()
        place_R = torch.searchsorted(far_VV[anchor_R], reach_R1, right=True).squeeze(1)
        last_R = (~same_VV).sum(dim=1)[anchor_R] - 1
        return anchor_R, positive_R, order_VV[anchor_R, torch.minimum(place_R, last_R)]
