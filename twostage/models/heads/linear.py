"""Classification head: mean over tokens, then one linear layer per system.

Shape suffixes: B batch, P patches, D features, K classes (the largest count of all systems).
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from twostage.config import model as configs
from twostage.models.heads.routing import by_system

SHARED = "shared"


class LinearHead(nn.Module):
    """Classify each window by the layer of its own system, also when a batch mixes systems.

    ``classes`` gives the number of classes of each system id. With ``share: shared`` one layer answers for all systems,
    over the union of their classes.
    """

    def __init__(self, config: configs.LinearHead, *, dim: int, classes: Mapping[int, int]) -> None:
        super().__init__()
        self.width = max(classes.values())
        outputs = {SHARED: self.width} if config.share == "shared" else {str(id_): n for id_, n in classes.items()}
        self.layers = nn.ModuleDict({key: nn.Linear(dim, n) for key, n in outputs.items()})

    def forward(self, tokens_BPD: Tensor, system_B: Tensor) -> Tensor:
        """Return logits (B, K).

        A class that a window's system does not have is -inf: it gets probability 0 and gradient 0. (torch's label
        smoothing would give it a share of the target, and so an infinite loss; ours does not.) A window of a system
        without a layer is NaN throughout, so that it cannot pass for an answer.
        """
        features_BD = tokens_BPD.mean(dim=1)
        if SHARED in self.layers:
            shared_BK: Tensor = self.layers[SHARED](features_BD)
            return shared_BK
        return by_system(features_BD, system_B, dict(self.layers.items()), width=self.width)
