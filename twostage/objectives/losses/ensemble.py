"""Several comparing losses at once.

Legend: V vectors, E features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from twostage.components import build
from twostage.config.stage_1 import metric_losses as config
from twostage.objectives.losses.base import check


class Ensemble(nn.Module):
    """The weighted sum of losses on the same vectors; each checks by itself that there is something to compare."""

    def __init__(self, config: config.Ensemble) -> None:
        super().__init__()
        self.terms = nn.ModuleList(build(term.loss) for term in config.terms)
        self.weights = [term.weight for term in config.terms]

    def check(self, identity_V: Tensor) -> None:
        """Raise TrainingError where one of them has nothing to compare."""
        check(self.terms, identity_V)

    def forward(self, z_VE: Tensor, identity_V: Tensor) -> Tensor:
        """Weighted sum; 0-dimensional, float32."""
        terms = [weight * term(z_VE, identity_V) for weight, term in zip(self.weights, self.terms, strict=True)]
        return torch.stack(terms).sum()
