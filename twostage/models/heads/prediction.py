"""Heads that forecast the end of a window.

Shape suffixes: B batch, P patches, D features, H hidden features, M mixtures of tokens, T forecast samples,
C channels.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config.model import task_heads as configs

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"relu": functional.relu, "gelu": functional.gelu}


class ForecastPerceptron(nn.Module):
    """A perceptron from all tokens to all samples of the forecast, through few features.

    The order of the tokens counts, because a forecast needs phases. The narrow middle keeps the weights at
    ``hidden * (patches * dim + length * channels)``; a direct map would have the product of both.
    """

    def __init__(
        self, config: configs.ForecastPerceptron, *, dim: int, patches: int, length: int, channels: int
    ) -> None:
        super().__init__()
        self.shape = (length, channels)
        inward, outward = nn.Linear(patches * dim, config.hidden), nn.Linear(config.hidden, length * channels)
        self.perceptron = nn.Sequential(nn.Flatten(), inward, nn.GELU(), outward)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Return the forecast (B, T, C) of tokens (B, P, D)."""
        forecast_BTC: Tensor = self.perceptron(tokens_BPD).unflatten(1, self.shape)
        return forecast_BTC


class PredictionHead(nn.Module):
    """Features of tokens, then mixtures of tokens for each feature, a norm without weights, and one linear map.

    Its weights are ``hidden ** 2 * length * channels``, which grow large; they start as standard normal numbers.
    """

    def __init__(self, config: configs.PredictionHead, *, dim: int, patches: int, length: int, channels: int) -> None:
        super().__init__()
        self.shape, self.activation = (length, channels), config.activation
        self.features = nn.Linear(dim, config.hidden)
        self.mixtures = nn.Linear(patches, config.hidden)
        self.weight = nn.Parameter(torch.randn(config.hidden**2, length * channels))
        self.bias = nn.Parameter(torch.zeros(length * channels))

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Return the forecast (B, T, C) of tokens (B, P, D)."""
        features_BPH = self._active(self.features(tokens_BPD))
        mixed_BHM = self._active(self.mixtures(features_BPH.transpose(1, 2)))
        flat_BN = mixed_BHM.flatten(1)
        normed_BN = functional.layer_norm(flat_BN, flat_BN.shape[1:])
        forecast_BTC: Tensor = (normed_BN @ self.weight + self.bias).reshape(-1, *self.shape)
        return forecast_BTC

    def _active(self, values: Tensor) -> Tensor:
        return values if self.activation is None else _ACTIVATIONS[self.activation](values)
