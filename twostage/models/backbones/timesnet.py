"""TimesNet backbone over tokens (Wu et al. 2023, "TimesNet: temporal 2D-variation modeling", sections 3.1 and 3.2).

A block folds the token sequence by its strongest periods, so that rows are periods and columns are phases, convolves
each fold in two dimensions, and adds the unfolded results, weighted by the amplitudes. Two things differ from the
paper: the sequence consists of tokens, and no norm follows a block.

Shape suffixes: B batch, P patches (tokens), D features, H features between the convolutions, F frequencies of the
token sequence without the mean, k chosen frequencies, r rows and c columns of a fold.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs
from twostage.models.precision import at_least_single


class TimesNet(nn.Module):
    """Blocks, one after the other, each added to its input."""

    def __init__(self, config: configs.TimesNet, *, dim: int, patches: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(TimesBlock(config, dim, patches) for _ in range(config.layers))

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Mix tokens (B, P, D) along P; the shape stays."""
        for block in self.blocks:
            tokens_BPD = block(tokens_BPD)
        return tokens_BPD


class TimesBlock(nn.Module):
    """One fold for each period that a sequence can have, weighted by 0 where the spectrum did not choose the period.

    So the shapes do not depend on the data, and windows of one batch may have periods of their own. There are fewer
    than 2 * sqrt(P) different folds.
    """

    def __init__(self, config: configs.TimesNet, dim: int, patches: int) -> None:
        super().__init__()
        self.folds, self.patches = _folds(patches), patches
        self.periods = config.periods
        self.period_choice = config.period_choice
        self.widen = AveragedConvolutions(dim, config.feedforward, config.kernels)
        self.narrow = AveragedConvolutions(config.feedforward, dim, config.kernels)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Add what the folds say to tokens (B, P, D)."""
        weight_BF = self._weights(tokens_BPD)
        widen, narrow = self.widen.average(), self.narrow.average()
        answer_BPD = tokens_BPD
        for period, lowest, highest in self.folds:
            rows = -(-self.patches // period)
            padded_BPD = functional.pad(tokens_BPD, (0, 0, 0, rows * period - self.patches))
            grid_BDrc = padded_BPD.transpose(1, 2).reshape(-1, padded_BPD.shape[2], rows, period)
            grid_BDrc = _convolve(functional.gelu(_convolve(grid_BDrc, widen)), narrow)
            unfolded_BPD = grid_BDrc.flatten(2)[..., : self.patches].transpose(1, 2)
            weight_B = weight_BF[:, lowest - 1 : highest].sum(dim=1)
            answer_BPD = answer_BPD + weight_B[:, None, None] * unfolded_BPD
        return answer_BPD

    def _weights(self, tokens_BPD: Tensor) -> Tensor:
        """Softmax of the amplitudes at the chosen frequencies, and 0 at all others: (B, F)."""
        amplitude_BF = torch.fft.rfft(at_least_single(tokens_BPD), dim=1).abs().mean(dim=2)[:, 1:]
        rank_BF = amplitude_BF
        if self.period_choice == "per_batch":
            rank_BF = amplitude_BF.mean(dim=0, keepdim=True).expand_as(amplitude_BF)
        chosen_Bk = rank_BF.topk(self.periods, dim=1).indices
        share_Bk = amplitude_BF.gather(1, chosen_Bk).softmax(dim=1)
        return torch.zeros_like(amplitude_BF).scatter(1, chosen_Bk, share_Bk)


class Kernel(NamedTuple):
    """Weights (out, in, size, size) and bias (out) of a two-dimensional convolution; the size is odd."""

    weight: Tensor
    bias: Tensor


class AveragedConvolutions(nn.Module):
    """The mean of convolutions with kernels of 1, 3, 5, ... positions in both directions.

    They start from normal weights of variance 2 / (out * size ** 2) and zero biases (He et al. 2015, for the backward
    pass).
    """

    def __init__(self, inputs: int, outputs: int, kernels: int) -> None:
        super().__init__()
        self.kernels = nn.ModuleList(nn.Conv2d(inputs, outputs, 2 * i + 1) for i in range(kernels))
        for convolution in self.convolutions:
            nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
            assert convolution.bias is not None  # noqa: S101 - Conv2d has one unless told otherwise
            nn.init.zeros_(convolution.bias)

    @property
    def convolutions(self) -> list[nn.Conv2d]:
        """The convolutions, from the smallest to the largest."""
        return [module for module in self.kernels if isinstance(module, nn.Conv2d)]

    def average(self) -> Kernel:
        """One kernel that does the work of all, because convolution is linear in its kernel."""
        own, largest = self.convolutions, len(self.kernels) - 1
        weights = [functional.pad(each.weight, 4 * [largest - i]) for i, each in enumerate(own)]
        biases = [each.bias for each in own if each.bias is not None]
        return Kernel(torch.stack(weights).mean(dim=0), torch.stack(biases).mean(dim=0))


def _folds(patches: int) -> list[tuple[int, int, int]]:
    """Every period ``patches // f`` of a frequency f, with the lowest and highest f that have it."""
    periods = sorted({patches // frequency for frequency in range(1, patches // 2 + 1)})
    return [(period, patches // (period + 1) + 1, min(patches // period, patches // 2)) for period in periods]


def _convolve(grid_BDrc: Tensor, kernel: Kernel) -> Tensor:
    """Convolve with zeros around the grid; the size stays."""
    middle = kernel.weight.shape[-1] // 2
    # What reaches farther than the grid is wide would meet zeros only.
    up, left = (min(middle, size - 1) for size in grid_BDrc.shape[2:])
    weight = kernel.weight[..., middle - up : middle + up + 1, middle - left : middle + left + 1]
    return functional.conv2d(grid_BDrc, weight, kernel.bias, padding=(up, left))
