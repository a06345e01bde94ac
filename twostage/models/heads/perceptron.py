"""Classification head with a hidden layer for each system.

Shape suffixes: B batch, P patches, D features, K classes (the largest count of all systems).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from twostage.config import model as configs
from twostage.models.heads.linear import SHARED
from twostage.models.heads.narrowing import ACTIVATIONS, xavier
from twostage.models.heads.routing import by_system


class PerceptronHead(nn.Module):
    """Mean over tokens, then a perceptron for each system, or one for the union of their classes."""

    def __init__(self, config: configs.PerceptronHead, *, dim: int, classes: Mapping[int, int]) -> None:
        super().__init__()
        self.width = max(classes.values())
        hidden = config.hidden or dim // 2
        counts = {SHARED: self.width} if config.share == "shared" else {str(id_): n for id_, n in classes.items()}
        self.layers = nn.ModuleDict(
            {
                key: nn.Sequential(nn.Linear(dim, hidden), ACTIVATIONS[config.activation](), nn.Linear(hidden, n))
                for key, n in counts.items()
            }
        )
        self.layers.apply(xavier)

    def forward(self, tokens_BPD: Tensor, system_B: Tensor) -> Tensor:
        """Return logits (B, K): -inf for classes that a system does not have, NaN for a system without layers."""
        features_BD = tokens_BPD.mean(dim=1)
        if SHARED in self.layers:
            shared_BK: Tensor = self.layers[SHARED](features_BD)
            return shared_BK
        return by_system(features_BD, system_B, dict(self.layers.items()), width=self.width)
