"""Random changes of a batch of windows, on its device, from torch's seeded generator.

Legend: B batch, L length, C channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from twostage.components import build
from twostage.config import augmentation as config


def _chosen(x_BLC: Tensor, probability: float) -> Tensor:
    return torch.rand(len(x_BLC), 1, 1, device=x_BLC.device) < probability


def _uniform(x_BLC: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(len(x_BLC), 1, 1, device=x_BLC.device)


class Noise(nn.Module):
    """Add white Gaussian noise; the ratio in dB compares mean powers per window and channel."""

    def __init__(self, config: config.Noise) -> None:
        super().__init__()
        self.config = config

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Noisy windows of the same shape."""
        snr_B11 = _uniform(x_BLC, self.config.snr_low, self.config.snr_high)
        power_B1C = x_BLC.square().mean(dim=1, keepdim=True)
        noise_BLC = torch.randn_like(x_BLC) * (power_B1C * 10 ** (-snr_B11 / 10)).sqrt()
        return torch.where(_chosen(x_BLC, self.config.probability), x_BLC + noise_BLC, x_BLC)


class Scale(nn.Module):
    """Multiply each window by one gain."""

    def __init__(self, config: config.Scale) -> None:
        super().__init__()
        self.config = config

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Scaled windows of the same shape."""
        gain_B11 = _uniform(x_BLC, self.config.low, self.config.high)
        return torch.where(_chosen(x_BLC, self.config.probability), x_BLC * gain_B11, x_BLC)


class Shift(nn.Module):
    """Shift each window circularly by up to a share of its length, either way."""

    def __init__(self, config: config.Shift) -> None:
        super().__init__()
        self.config = config

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Shifted windows of the same shape."""
        batch, length, channels = x_BLC.shape
        reach = self.config.share * length
        shift_B11 = _uniform(x_BLC, -reach, reach).round().long() * _chosen(x_BLC, self.config.probability)
        positions_BL1 = (torch.arange(length, device=x_BLC.device).view(1, -1, 1) - shift_B11) % length
        return x_BLC.gather(1, positions_BL1.expand(batch, length, channels))


class Polarity(nn.Module):
    """Turn the sign of a window."""

    def __init__(self, config: config.Polarity) -> None:
        super().__init__()
        self.config = config

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Windows of the same shape, some of them with the other sign."""
        return torch.where(_chosen(x_BLC, self.config.probability), -x_BLC, x_BLC)


def chain(augmentations: Sequence[config.Augmentation]) -> nn.Sequential:
    """The augmentations one after another."""
    return nn.Sequential(*(build(each) for each in augmentations))
