"""Complex numbers as pairs of real ones, so that exporters and compilers that know no complex numbers follow.

Shape suffixes: B batch, L length, F frequencies from 0 to half the sampling rate, C channels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Pair(NamedTuple):
    """Real and imaginary part, of one shape."""

    real: Tensor
    imaginary: Tensor

    def times(self, factor: Tensor) -> Pair:
        """Multiplied by real numbers."""
        return Pair(self.real * factor, self.imaginary * factor)

    def summed(self, dim: int) -> Pair:
        """The sum along an axis."""
        return Pair(self.real.sum(dim), self.imaginary.sum(dim))


def spectrum(x_BLC: Tensor) -> Pair:
    """The Fourier transform along the length: (B, F, C) with F = L // 2 + 1."""
    return Pair(*torch.view_as_real(torch.fft.rfft(x_BLC, dim=1)).unbind(dim=-1))


def signal(spectrum_BFC: Pair, length: int) -> Tensor:
    """The signal (B, L, C) of so many samples that has this spectrum."""
    joined_BFC2 = torch.stack(spectrum_BFC, dim=-1)
    x_BLC: Tensor = torch.fft.irfft(torch.view_as_complex(joined_BFC2), dim=1, n=length)
    return x_BLC


def whole_spectrum(x_BLC: Tensor) -> Pair:
    """The same at positive and negative frequencies, in the order of ``whole_rates``: (B, L, C)."""
    return Pair(*torch.view_as_real(torch.fft.fft(x_BLC, dim=1)).unbind(dim=-1))


def real_part(spectrum_BLC: Pair) -> Tensor:
    """The real part (B, L, C) of what has this whole spectrum."""
    joined_BLC = torch.view_as_complex(torch.stack(spectrum_BLC, dim=-1))
    return torch.view_as_real(torch.fft.ifft(joined_BLC, dim=1))[..., 0]


def whole_rates(length: int, device: torch.device) -> Tensor:
    """The turns (L) that each line of a whole spectrum makes in a window; the second half turns backwards."""
    line_L = torch.arange(length, device=device)
    return torch.where(2 * line_L < length, line_L, line_L - length)


def product(equation: str, left: Pair, right: Pair) -> Pair:
    """``torch.einsum`` of two complex factors."""
    imaginary = torch.einsum(equation, left.real, right.imaginary) + torch.einsum(equation, left.imaginary, right.real)
    return Pair(real_product(equation, left, right), imaginary)


def real_product(equation: str, left: Pair, right: Pair) -> Tensor:
    """The real part of ``product``."""
    return torch.einsum(equation, left.real, right.real) - torch.einsum(equation, left.imaginary, right.imaginary)


def quotient(above: Pair, below: Pair) -> Pair:
    """One complex number by another."""
    size = below.real.square() + below.imaginary.square()
    real = above.real * below.real + above.imaginary * below.imaginary
    imaginary = above.imaginary * below.real - above.real * below.imaginary
    return Pair(real, imaginary).times(1 / size)


def exponential(rate: Pair, time_L: Tensor) -> Pair:
    """What grows and turns at such a rate, on a last axis of times."""
    angle = rate.imaginary[..., None] * time_L
    return Pair(angle.cos(), angle.sin()).times((rate.real[..., None] * time_L).exp())
