"""Random changes of a batch of windows, on its device, from torch's seeded generator.

Legend: B batch, L length, C channels, F frequencies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from twostage.components import build
from twostage.config import augmentation as config
from twostage.config.base import Component
from twostage.data.recordings import Part
from twostage.data.windowed import Batch


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


class Jitter(nn.Module):
    """Add white Gaussian noise of one standard deviation."""

    def __init__(self, config: config.Jitter) -> None:
        super().__init__()
        self.config = config

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Noisy windows of the same shape."""
        noise_BLC = self.config.std * torch.randn_like(x_BLC)
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


class BandMask(nn.Module):
    """Take one band of frequencies out of each window; its width and place are drawn, and the mean is kept."""

    def __init__(self, config: config.BandMask) -> None:
        super().__init__()
        self.config = config

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Windows of the same shape without a band."""
        length = x_BLC.shape[1]
        spectrum_BFC = torch.fft.rfft(x_BLC, dim=1)
        place_1F1 = torch.linspace(0, 1, spectrum_BFC.shape[1], device=x_BLC.device).view(1, -1, 1)
        width_B11 = _uniform(x_BLC, 0.0, self.config.share)
        start_B11 = (1 - width_B11) * _uniform(x_BLC, 0.0, 1.0)
        inside_BF1 = (place_1F1 > start_B11) & (place_1F1 <= start_B11 + width_B11)
        masked_BLC = torch.fft.irfft(spectrum_BFC.masked_fill(inside_BF1, 0.0), n=length, dim=1)
        return torch.where(_chosen(x_BLC, self.config.probability), masked_BLC, x_BLC)


# Samples between two of the window's own: between those, a straight line is near enough.
_FINER = 8


class Speed(nn.Module):
    """Resample each window at one ratio, whose logarithm is drawn uniformly.

    Sample i of the answer is the window at ``i * ratio``, read from its trigonometric interpolation.
    """

    def __init__(self, config: config.Speed) -> None:
        super().__init__()
        self.config = config

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Windows of the same shape, faster or slower."""
        batch, length, channels = x_BLC.shape
        ratio_B11 = _uniform(x_BLC, math.log(self.config.low), math.log(self.config.high)).exp()
        fine_BLC = self._finer(x_BLC, ratio_B11)
        place_BL1 = (torch.arange(length, device=x_BLC.device).view(1, -1, 1) * ratio_B11 % length) * _FINER
        before_BL1 = place_BL1.floor()
        share_BL1 = (place_BL1 - before_BL1).to(x_BLC.dtype)
        index_BLC = before_BL1.long().expand(batch, length, channels) % (_FINER * length)
        near_BLC = fine_BLC.gather(1, index_BLC)
        next_BLC = fine_BLC.gather(1, (index_BLC + 1) % (_FINER * length))
        faster_BLC = torch.lerp(near_BLC, next_BLC, share_BL1.expand_as(near_BLC))
        return torch.where(_chosen(x_BLC, self.config.probability), faster_BLC, x_BLC)

    @staticmethod
    def _finer(x_BLC: Tensor, ratio_B11: Tensor) -> Tensor:
        """The window with more samples, without frequencies that the ratio would lift to half the rate or above."""
        length = x_BLC.shape[1]
        spectrum_BFC = torch.fft.rfft(x_BLC, dim=1)
        place_1F1 = torch.linspace(0, 1, spectrum_BFC.shape[1], device=x_BLC.device).view(1, -1, 1)
        kept_BFC = spectrum_BFC.masked_fill(place_1F1 * ratio_B11.clamp(min=1.0) >= 1, 0.0)
        fine_BLC: Tensor = torch.fft.irfft(kept_BFC * _FINER, n=_FINER * length, dim=1)
        return fine_BLC


def chain(augmentations: Sequence[Component]) -> nn.Sequential:
    """The augmentations one after another."""
    return nn.Sequential(*(build(each) for each in augmentations))


class Spoiled(nn.Module):
    """Training windows as they are to be restored or forecast, and as the encoder sees them.

    What corrupts a window is in what is seen alone; other changes are in both, with the same draws. Windows of other
    parts stay as they were recorded.
    """

    def __init__(self, augmentations: Sequence[Component]) -> None:
        super().__init__()
        self.changes = chain(augmentations)
        self.corrupting = [config.corrupts(each) for each in augmentations]

    def forward(self, batch: Batch, part: Part) -> tuple[Batch, Batch]:
        """The batch that is the target, and the one that is seen."""
        if part != "train" or not self.corrupting:
            return batch, batch
        target_BLC = seen_BLC = batch.x_BLC
        for change, spoils in zip(self.changes, self.corrupting, strict=True):
            if spoils:
                seen_BLC = change(seen_BLC)
            elif seen_BLC is target_BLC:
                target_BLC = seen_BLC = change(target_BLC)
            else:  # the same draws for both: as channels of one window
                both_BLC = change(torch.cat([target_BLC, seen_BLC], dim=2))
                target_BLC, seen_BLC = both_BLC.chunk(2, dim=2)
        return batch._replace(x_BLC=target_BLC), batch._replace(x_BLC=seen_BLC)
