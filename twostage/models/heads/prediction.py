"""Head that forecasts the end of a window.

Shape suffixes: B batch, P patches, D features, H hidden features, T forecast samples, C channels.
"""

from __future__ import annotations

from torch import Tensor, nn

HIDDEN = 64


class PredictionHead(nn.Module):
    """A perceptron from all tokens to all samples of the forecast, through few features.

    The order of the tokens counts, because a forecast needs phases. The narrow middle keeps the weights at
    ``HIDDEN * (patches * dim + length * channels)``; a direct map would have the product of both.
    """

    def __init__(self, *, dim: int, patches: int, length: int, channels: int) -> None:
        super().__init__()
        self.shape = (length, channels)
        self.perceptron = nn.Sequential(
            nn.Flatten(), nn.Linear(patches * dim, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, length * channels)
        )

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Return the forecast (B, T, C) of tokens (B, P, D)."""
        forecast_BTC: Tensor = self.perceptron(tokens_BPD).unflatten(1, self.shape)
        return forecast_BTC
