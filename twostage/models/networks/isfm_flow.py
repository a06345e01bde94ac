"""The trunk of a rectified flow over whole windows (Liu et al. 2023, "Flow straight and fast").

A flow is told a mixture of noise and a window, and answers the way from the noise to the window. Its last layer is the
head of its pretraining (``twostage.models.heads.velocity``); the trunk below is the encoder, which sees clean windows.

Shape suffixes: B batch, L window length, C channels, V values of a window (L * C), S features of the share, E features
of the condition, D features.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from twostage.config import model as configs


class ISFMFlow(nn.Module):
    """From a window, or a mixture of it with noise, to features that know its system and operating condition."""

    def __init__(self, config: configs.ISFMFlow) -> None:
        super().__init__()
        self.config = config
        self.condition = None if config.condition is None else Condition(config.condition)
        told = 0 if config.condition is None else config.condition.dim
        inputs = config.length * config.channels + config.time_dim + told
        self.trunk = nn.Sequential(*_layer(inputs, config.hidden), *_layer(config.hidden, config.hidden))
        self.apply(_initialise)

    def forward(self, x_BLC: Tensor, system_B: Tensor | None = None, domain_B: Tensor | None = None) -> Tensor:
        """Summarise clean windows as one token each: (B, 1, D)."""
        return self.features(x_BLC, torch.ones_like(x_BLC[:, 0, 0]), system_B, domain_B)[:, None]

    def features(
        self, mixture_BLC: Tensor, share_B: Tensor, system_B: Tensor | None, domain_B: Tensor | None
    ) -> Tensor:
        """Features (B, D) of mixtures that hold this share of the window, the rest being noise; ids None: unknown."""
        told = [mixture_BLC.flatten(1), share_features(share_B, self.config.time_dim)]
        if self.condition is not None:
            unknown_B = torch.zeros_like(share_B, dtype=torch.long)
            ids = [unknown_B if given is None else given for given in (system_B, domain_B)]
            told.append(self.condition(*ids))
        features_BD: Tensor = self.trunk(torch.cat(told, dim=1))
        return features_BD


class Condition(nn.Module):
    """Vectors of the system and of the operating condition, mixed into one. The vector of id 0 is zero and stays so."""

    def __init__(self, config: configs.FlowCondition) -> None:
        super().__init__()
        self.domains = nn.Embedding(config.max_domains, config.dim, padding_idx=0)
        self.systems = nn.Embedding(config.max_systems, config.dim, padding_idx=0)
        for table in (self.domains, self.systems):
            nn.init.normal_(table.weight, std=0.02)
            with torch.no_grad():
                table.weight[0] = 0
        both = 2 * config.dim
        self.mix = nn.Sequential(
            nn.Linear(both, both), nn.LayerNorm(both), nn.SiLU(), nn.Dropout(0.1), nn.Linear(both, config.dim)
        )

    def forward(self, system_B: Tensor, domain_B: Tensor) -> Tensor:
        """What is told of each window: (B, E)."""
        mixed_BE: Tensor = self.mix(torch.cat([self.domains(domain_B), self.systems(system_B)], dim=1))
        return mixed_BE


def share_features(share_B: Tensor, dim: int) -> Tensor:
    """Sines, then cosines of the share at ``dim // 2`` frequencies from 1 down to 1e-4: (B, S)."""
    half = dim // 2
    steps = torch.arange(half, device=share_B.device, dtype=share_B.dtype)
    angle_Bf = share_B[:, None] * torch.exp(-math.log(1e4) / (half - 1) * steps)
    return torch.cat([angle_Bf.sin(), angle_Bf.cos()], dim=1)


def _layer(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    return nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.SiLU()


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
