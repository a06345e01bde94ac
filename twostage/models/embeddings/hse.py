"""Hierarchical Signal Embedding: patches of a window, each with its own time axis, become tokens.

Shape suffixes: B batch, L window length, C channels, P patches, D features, l samples and c channels of a patch,
v values of a patch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config.model import embeddings as configs
from twostage.models.embeddings.patching import PatchEmbedding, PatchStarts


class HSE(PatchEmbedding):
    """Cut patches out of a window, set the time of every sample beside its value, and map each patch to a token.

    Time is in seconds, so that one weight meets the same physics at every sampling rate. There is no position code:
    time is all that tells one patch from another. A window shorter than a patch has every sample repeated in place,
    and a window with fewer channels than a patch has every channel repeated in place.
    """

    def __init__(self, config: configs.TimedPatches) -> None:
        super().__init__()
        self.config = config
        values = 2 * config.patch_length * config.patch_channels
        self.linear1 = nn.Linear(values, config.dim)
        self.linear2 = nn.Linear(config.dim, config.dim)

    def forward(self, x_BLC: Tensor, sample_rate_B: Tensor, starts: PatchStarts | None = None) -> Tensor:
        """Embed windows ``x_BLC`` that were sampled at ``sample_rate_B`` Hz as tokens of shape (B, P, D)."""
        starts = self.starts(x_BLC) if starts is None else starts
        sample_BPl = self._samples(x_BLC, starts)
        signal_BPlc = self._gathered(x_BLC, sample_BPl, starts)
        time_BPl = sample_BPl * (1 / sample_rate_B.float())[:, None, None]
        time_BPlc = time_BPl.to(signal_BPlc.dtype)[..., None].expand_as(signal_BPlc)
        values_BPv = torch.cat([signal_BPlc, time_BPlc], dim=-1).flatten(2)
        tokens_BPD: Tensor = self.linear2(functional.silu(self.linear1(values_BPv)))
        return tokens_BPD

    def patches(self, x_BLC: Tensor, starts: PatchStarts) -> Tensor:
        """Gather the patches that begin at ``starts``: (B, P, patch_length, patch_channels)."""
        return self._gathered(x_BLC, self._samples(x_BLC, starts), starts)

    def starts(self, x_BLC: Tensor) -> PatchStarts:
        """Choose where the patches of each window begin, as the config says for training or for evaluation."""
        if self.config.starts == "even" or (not self.training and self.config.evaluation_starts == "even"):
            return self._even(x_BLC)
        drawn = self._drawn(x_BLC)
        return _in_order_of_time(drawn) if self.config.starts == "sorted" else drawn

    def _drawn(self, x_BLC: Tensor) -> PatchStarts:
        # Two draws in this order, the second even when it has one outcome only: recorded seeds then reproduce.
        samples, channels = self._room(x_BLC)
        shape = (x_BLC.shape[0], self.config.patches)
        length_BP = torch.randint(0, samples, shape, device=x_BLC.device)
        return PatchStarts(length_BP, torch.randint(0, channels, shape, device=x_BLC.device))

    def _even(self, x_BLC: Tensor) -> PatchStarts:
        # Integers, so that every device rounds alike. Patches take turns in the channels: were the channel to rise with
        # the start, each channel would be seen in its own part of the window only.
        samples, channels = self._room(x_BLC)
        patch_P = torch.arange(self.config.patches, device=x_BLC.device)
        gaps = max(self.config.patches - 1, 1)
        length_P = (2 * patch_P * (samples - 1) + gaps) // (2 * gaps)
        shape = (x_BLC.shape[0], self.config.patches)
        return PatchStarts(length_P.expand(shape), (patch_P % channels).expand(shape))

    def _room(self, x_BLC: Tensor) -> tuple[int, int]:
        """In how many places a patch may begin, along the length and along the channels."""
        _, length, channels = x_BLC.shape
        samples = length * _repeats(length, self.config.patch_length) - self.config.patch_length + 1
        return samples, channels * _repeats(channels, self.config.patch_channels) - self.config.patch_channels + 1

    def _gathered(self, x_BLC: Tensor, sample_BPl: Tensor, starts: PatchStarts) -> Tensor:
        """The patches that hold these samples of the window: (B, P, l, c)."""
        channels = x_BLC.shape[2]
        if channels == 1:  # whatever channel a patch asks for is this one
            single_BPl1 = x_BLC.flatten(1).gather(1, sample_BPl.flatten(1)).view(*sample_BPl.shape, 1)
            return single_BPl1.expand(-1, -1, -1, self.config.patch_channels)
        place_BPlc = sample_BPl[..., None] * channels + self._channels(x_BLC, starts)[..., None, :]
        return x_BLC.flatten(1).gather(1, place_BPlc.flatten(1)).view(place_BPlc.shape)

    def _samples(self, x_BLC: Tensor, starts: PatchStarts) -> Tensor:
        """Which samples of the window each patch holds: (B, P, l)."""
        offset_l = torch.arange(self.config.patch_length, device=x_BLC.device)
        return _source(starts.length_BP[..., None] + offset_l, _repeats(x_BLC.shape[1], self.config.patch_length))

    def _channels(self, x_BLC: Tensor, starts: PatchStarts) -> Tensor:
        """Which channels of the window each patch holds: (B, P, c)."""
        offset_c = torch.arange(self.config.patch_channels, device=x_BLC.device)
        return _source(starts.channel_BP[..., None] + offset_c, _repeats(x_BLC.shape[2], self.config.patch_channels))


def _repeats(available: int, wanted: int) -> int:
    """How often each of ``available`` values is repeated, so that at least ``wanted`` are there."""
    return -(-wanted // available)


def _source(place: Tensor, repeats: int) -> Tensor:
    """Which sample of the window stands at a place where each is repeated in place; division is slow."""
    return place // repeats if repeats > 1 else place


def _in_order_of_time(starts: PatchStarts) -> PatchStarts:
    """Put the same patches in the order in which they begin."""
    length_BP, order_BP = starts.length_BP.sort(dim=1, stable=True)
    return PatchStarts(length_BP, starts.channel_BP.gather(1, order_BP))
