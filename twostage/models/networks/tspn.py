"""Transparent signal processing network of PHM-Vibench: named transforms, then named statistics.

One thing differs from the old code: it wrote the softmax of the mixing weights over the weights in every pass, so that
repeated passes answered differently, in evaluation too. Here the weights stay, and each pass answers as its first did.

Shape suffixes: B batch, L window length, C channels, W channels of a layer, S statistics of all channels, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs
from twostage.models.networks.statistics import STATISTICS
from twostage.models.networks.transforms import make_transform
from twostage.models.precision import at_least_single

_TEMPERATURE = 0.1
_FAINTEST = 1e-12


class TSPN(nn.Module):
    """Layers of transforms, statistics over time, a norm, and one layer that maps them to a token."""

    def __init__(self, config: configs.TSPN) -> None:
        super().__init__()
        inputs = [config.channels, *[config.width] * (len(config.layers) - 1)]
        self.layers = nn.ModuleList(
            TransformLayer(config, transforms, channels)
            for transforms, channels in zip(config.layers, inputs, strict=True)
        )
        self.mix = nn.Linear(config.width, config.width)
        self.statistics = [STATISTICS[name] for name in config.features]
        described = config.width * len(config.features)
        self.norm = SlowNorm(described)
        self.outward = nn.Linear(described, config.hidden)

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Summarise windows as one token each: (B, 1, D)."""
        hidden_BLW = x_BLC
        for layer in self.layers:
            hidden_BLW = layer(hidden_BLW)
        mixed_BLW = at_least_single(self.mix(over_time(hidden_BLW)))
        described_BS = torch.cat([measure(mixed_BLW) for measure in self.statistics], dim=1)
        token_BD: Tensor = self.outward(self.norm(described_BS)).relu()
        return token_BD[:, None]


class TransformLayer(nn.Module):
    """Mixes channels, gives each transform an equal share of them, and adds a linear map of the input."""

    def __init__(self, config: configs.TSPN, transforms: tuple[str, ...], inputs: int) -> None:
        super().__init__()
        share = config.width // len(transforms)
        self.mix = nn.Linear(inputs, config.width)
        self.transforms = nn.ModuleDict({name: make_transform(name, config, share) for name in transforms})
        self.around = nn.Linear(inputs, config.width) if config.skip else None

    def forward(self, x_BLC: Tensor) -> Tensor:
        """From (B, L, C) to (B, L, W)."""
        normed_BLC = over_time(x_BLC)
        mixed_BLW = functional.linear(normed_BLC, (self.mix.weight / _TEMPERATURE).softmax(dim=0), self.mix.bias)
        shares = mixed_BLW.chunk(len(self.transforms), dim=2)
        answer_BLW = torch.cat([each(x) for each, x in zip(self.transforms.values(), shares, strict=True)], dim=2)
        return answer_BLW if self.around is None else answer_BLW + self.around(normed_BLC)


class SlowNorm(nn.Module):
    """Norms features by running statistics, with 0.1 added to the spread; nothing is learnt."""

    mean: Tensor
    var: Tensor

    def __init__(self, features: int, *, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("mean", torch.zeros(1, features))
        self.register_buffer("var", torch.ones(1, features))

    def forward(self, x_BS: Tensor) -> Tensor:
        """In training by the statistics of the batch, which the running ones follow."""
        mean_1S, var_1S = self.mean, self.var
        if self.training:
            mean_1S, var_1S = x_BS.mean(dim=0, keepdim=True), x_BS.var(dim=0, keepdim=True, correction=0)
            with torch.no_grad():
                self.mean.lerp_(mean_1S, self.momentum)
                self.var.lerp_(var_1S, self.momentum)
        # A statistic that is alike in all windows, such as the mean of what has been normed, has no spread to derive.
        return (x_BS - mean_1S) / (var_1S.clamp(min=_FAINTEST).sqrt() + 0.1)


def over_time(x_BLC: Tensor) -> Tensor:
    """Each channel of each window with mean 0 and variance 1 (instance norm without weights)."""
    return functional.instance_norm(x_BLC.transpose(1, 2)).transpose(1, 2)
