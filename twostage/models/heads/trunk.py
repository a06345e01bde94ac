"""What several heads share above the encoder.

Shape suffixes: B batch, P patches, D features, H hidden features.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config.model import task_heads as configs
from twostage.models.heads.narrowing import ACTIVATIONS


class MultitaskTrunk(nn.Module):
    """Two layers on the mean token, each with norm and activation; ``MultitaskHead`` draws their weights."""

    def __init__(self, config: configs.MultitaskTrunk, *, dim: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs in (dim, config.hidden):
            layers += [nn.Linear(inputs, config.hidden)]
            layers += [nn.BatchNorm1d(config.hidden)] if config.batch_norm else []
            layers += [ACTIVATIONS[config.activation]()]
        self.layers = nn.Sequential(*layers)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """What the heads get in the place of the tokens: one token (B, 1, H)."""
        shared_BH: Tensor = self.layers(tokens_BPD.mean(dim=1))
        return shared_BH[:, None]
