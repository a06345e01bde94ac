"""Barlow Twins: the cross-correlation of two views is the identity matrix.

Legend: B pairs, E features.
"""

from __future__ import annotations

import torch
from torch import Tensor

from twostage.config.stage_1 import metric_losses as config
from twostage.objectives.losses.base import PairLoss

TINY = 1e-5


class BarlowTwins(PairLoss):
    """Zbontar et al. 2021, "Barlow Twins: Self-Supervised Learning via Redundancy Reduction", eq. 1 and 2.

    Features are standardised over the batch with the deviation that divides by B, so that identical views correlate
    to 1 at any B.
    """

    def __init__(self, config: config.BarlowTwins) -> None:
        super().__init__()
        self.off_diagonal = config.lambda_

    def views(self, first_BE: Tensor, second_BE: Tensor) -> Tensor:
        """Sum over features of (1 - c_ii)^2, and over pairs of different features of lambda c_ij^2."""
        correlation_EE = _standard(first_BE).T @ _standard(second_BE) / len(first_BE)
        agreement_E = correlation_EE.diagonal()
        same = (1 - agreement_E).square().sum()
        different = (correlation_EE - torch.diag_embed(agreement_E)).square().sum()
        return same + self.off_diagonal * different


def _standard(z_BE: Tensor) -> Tensor:
    centred_BE = z_BE - z_BE.mean(dim=0)
    return centred_BE * torch.rsqrt(centred_BE.square().mean(dim=0) + TINY)
