"""The encoder of PHM-Vibench's prototypical network; prototypes themselves are ``adapt_mode: fewshot``.

Shape suffixes: B batch, L window length, C channels, D features, F features and T positions inside.
"""

from __future__ import annotations

from torch import Tensor, nn

from twostage.config import model as configs

_WIDTHS = (32, 64, 64)


class ProtoNet(nn.Module):
    """Three convolutions of 3, each with its norm; the first two halve the positions; mean over time, linear layer."""

    def __init__(self, config: configs.ProtoNet) -> None:
        super().__init__()
        inputs = (config.channels, *_WIDTHS)
        blocks = [_block(inputs[i], width, pooled=i < len(_WIDTHS) - 1) for i, width in enumerate(_WIDTHS)]
        self.convolutions = nn.Sequential(*blocks)
        self.linear = nn.Linear(_WIDTHS[-1], config.features)

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Summarise windows as one token each: (B, 1, D)."""
        hidden_BFT: Tensor = self.convolutions(x_BLC.transpose(1, 2))
        token_B1D: Tensor = self.linear(hidden_BFT.mean(dim=2))[:, None]
        return token_B1D


def _block(inputs: int, outputs: int, *, pooled: bool) -> nn.Sequential:
    layers = [nn.Conv1d(inputs, outputs, 3, padding=1), nn.BatchNorm1d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, *([nn.MaxPool1d(2)] if pooled else []))
