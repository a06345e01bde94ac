"""Projection head of contrastive learning (Chen et al. 2020, SimCLR, section 2.1).

Shape suffixes: B batch, P patches, D features, E features of the projection, K classes.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config.stage_1 import Projection
from twostage.models.heads.narrowing import ACTIVATIONS
from twostage.models.network import Network


class ProjectionHead(nn.Module):
    """Mean over tokens, then a perceptron with one hidden layer, or nothing. Lengths are the loss's to normalise.

    ``features`` is the number of features of what comes out.
    """

    def __init__(self, config: Projection | None, *, dim: int) -> None:
        super().__init__()
        self.features = dim if config is None else config.dim
        self.perceptron: nn.Module = nn.Identity()
        if config is not None:
            self.perceptron = nn.Sequential(
                nn.Linear(dim, config.hidden),
                ACTIVATIONS[config.activation](),
                *([nn.Dropout(config.dropout)] if config.dropout else []),
                nn.Linear(config.hidden, config.dim),
                *([nn.LayerNorm(config.dim)] if config.norm else []),
            )

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Project tokens (B, P, D) to one vector per window (B, E)."""
        vectors_BE: Tensor = self.perceptron(tokens_BPD.mean(dim=1))
        return vectors_BE


class TwoHeads(nn.Module):
    """A classification head and a projection, side by side on the same tokens; dropped after stage 1."""

    def __init__(self, classifier: nn.Module, projection: ProjectionHead) -> None:
        super().__init__()
        self.classifier, self.projection = classifier, projection

    def forward(self, tokens_BPD: Tensor, system_B: Tensor) -> Tensor:
        """The classifier's logits (B, K)."""
        logits_BK: Tensor = self.classifier(tokens_BPD, system_B)
        return logits_BK


def projection_of(network: Network) -> ProjectionHead:
    """The projection of a network that compares windows, whether or not it also classifies."""
    head = network.head.projection if isinstance(network.head, TwoHeads) else network.head
    assert isinstance(head, ProjectionHead)  # noqa: S101 - an objective that compares has made it
    return head
