"""Which samples of a window are hidden.

Legend: B batch, L length, C channels, K blocks.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from twostage.config.stage_1 import Mask
from twostage.data.recordings import Part

EVALUATION_SEED = 0


class Masking:
    """Hides whole blocks, drawn without replacement, and the end of every window.

    Training draws anew for each batch. Evaluation draws from a stream of its own, window after window, so that what is
    hidden of a window depends only on its position in the part: not on the epoch, the batch size or the device.
    """

    def __init__(self, mask: Mask) -> None:
        self.mask = mask
        self.restart()

    def restart(self) -> None:
        """Begin an evaluation: the next window is the first of its part."""
        self._stream = torch.Generator().manual_seed(EVALUATION_SEED)

    def hidden(self, x_BLC: Tensor, part: Part) -> Tensor:
        """Which samples are hidden, as booleans (B, L, C); where there are several blocks, one at least is left."""
        batch, length, channels = x_BLC.shape
        tail = self.mask.tail(length)
        own = channels if self.mask.per_channel else 1
        blocks_BCK = self._blocks((batch, own, math.ceil((length - tail) / self.mask.block)), x_BLC.device, part)
        head_BCL = blocks_BCK.repeat_interleave(self.mask.block, dim=2)[:, :, : length - tail]
        tail_BCL = head_BCL.new_ones(batch, own, tail)
        return torch.cat([head_BCL, tail_BCL], dim=2).transpose(1, 2).expand(-1, -1, channels)

    def _blocks(self, shape: tuple[int, int, int], device: torch.device, part: Part) -> Tensor:
        """The hidden blocks as booleans (B, C, K), equally many in each row."""
        if self.mask.ratio == 0.0:
            return torch.zeros(shape, dtype=torch.bool, device=device)
        count = min(max(1, round(self.mask.ratio * shape[2])), max(1, shape[2] - 1))
        if part == "train":
            draw_BCK = torch.rand(shape, device=device)
        else:
            draw_BCK = torch.rand(shape, generator=self._stream).to(device)
        chosen_BCk = draw_BCK.argsort(dim=2, stable=True)[:, :, :count]
        return torch.zeros(shape, dtype=torch.bool, device=device).scatter_(2, chosen_BCk, value=True)
