"""Convolutions between wavelet transforms, with gates that weigh the channels.

Shape suffixes: B batch, L window length, C channels, D features, F features and T positions inside.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config import model as configs
from twostage.models.networks.wavelets import WaveletTransform

_GROUPS = 6
_LEVELS = 3


class MWACNN(nn.Module):
    """A wavelet transform; three times convolution, transform, dropout and gate; a convolution; the mean over time."""

    def __init__(self, config: configs.MWACNN) -> None:
        super().__init__()
        width = config.width
        self.first = WaveletTransform()
        self.levels = nn.ModuleList()
        inputs = 2 * config.channels
        for level in range(_LEVELS):
            outputs = width * 2**level
            self.levels.append(Level(inputs, outputs, config.dropout))
            inputs = 2 * outputs
        self.last = _convolution(inputs, inputs)

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Summarise windows as one token each: (B, 1, D)."""
        hidden_BFT = self.first(x_BLC.transpose(1, 2))
        for level in self.levels:
            hidden_BFT = level(hidden_BFT)
        token_B1D: Tensor = self.last(hidden_BFT).mean(dim=2)[:, None]
        return token_B1D


class Level(nn.Module):
    """Convolution, wavelet transform, dropout, gate; the transform doubles the features."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.convolution = _convolution(inputs, outputs)
        self.transform = WaveletTransform()
        self.dropout = nn.Dropout(dropout)
        self.gate = Gate(2 * outputs)

    def forward(self, x_BFT: Tensor) -> Tensor:
        """From (B, F, T) to twice the outputs at half the positions."""
        gated_BFT: Tensor = self.gate(self.dropout(self.transform(self.convolution(x_BFT))))
        return gated_BFT


class Gate(nn.Module):
    """Weighs each feature by what all of them say on average (Hu et al. 2018, "Squeeze-and-excitation networks")."""

    def __init__(self, features: int) -> None:
        super().__init__()
        narrow = features // 2
        self.look = nn.Sequential(nn.Conv1d(features, features, 3, padding=1), nn.BatchNorm1d(features), nn.ReLU())
        self.narrow = nn.Sequential(nn.Conv1d(features, narrow, 1), nn.BatchNorm1d(narrow), nn.ReLU())
        self.widen = nn.Sequential(nn.Conv1d(narrow, features, 1), nn.BatchNorm1d(features), nn.Sigmoid())

    def forward(self, x_BFT: Tensor) -> Tensor:
        """Add to each feature its gated share; the shape stays."""
        weight_BF1: Tensor = self.widen(self.narrow(self.look(x_BFT).mean(dim=2, keepdim=True)))
        return x_BFT * weight_BF1 + x_BFT


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv1d(inputs, outputs, 3), nn.GroupNorm(_GROUPS, outputs), nn.ReLU())
