"""Prototypical loss inside a batch: each vector is told by the class means of the others.

Legend: V vectors, E features, K classes of the batch.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, one_hot

from twostage.config.stage_1 import metric_losses as config
from twostage.objectives.losses.base import ComparingLoss


class Prototypical(ComparingLoss):
    """Softmax over negative distances to class means (Snell et al. 2017, "Prototypical Networks", eq. 2).

    Support and query must not overlap, or a vector is attracted by itself. Here every vector is a query once, and its
    own class is represented by the mean of the others, as in Wan et al. 2018 ("Generalized End-to-End Loss", eq. 8).
    A class with a single vector is a prototype for others and gives no query. ``cosine`` scales vectors to
    length 1 before they are averaged, and prototypes after.
    """

    def __init__(self, config: config.Prototypical) -> None:
        super().__init__()
        self.distance, self.temperature = config.distance, config.temperature

    def compare(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:
        """Mean cross entropy of the queries."""
        if self.distance == "cosine":
            z_VE = normalize(z_VE, dim=1)
        classes, label_V = torch.unique(identity_V, return_inverse=True)
        member_VK = one_hot(label_V, len(classes)).to(z_VE.dtype)
        count_K = member_VK.sum(dim=0)
        sum_KE = member_VK.T @ z_VE
        count_V = count_K[label_V]
        others_VE = (sum_KE[label_V] - z_VE) / (count_V - 1).clamp(min=1)[:, None]
        distance_VK = self._distances(z_VE[:, None], (sum_KE / count_K[:, None])[None])
        own_V = self._distances(z_VE, others_VE)
        logits_VK = -torch.where(member_VK.bool(), own_V[:, None], distance_VK) / self.temperature
        losses_V = cross_entropy(logits_VK, label_V, reduction="none")
        return losses_V[count_V > 1].mean()

    def _distances(self, vectors: Tensor, prototypes: Tensor) -> Tensor:
        """Over the last dimension. The difference is formed before it is squared, so that nothing cancels."""
        if self.distance == "cosine":
            return 1 - (vectors * normalize(prototypes, dim=-1)).sum(dim=-1)
        return (vectors - prototypes).square().sum(dim=-1)
