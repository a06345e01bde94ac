"""Named transforms of signals, with weights that say what they pass on.

Shape suffixes: B batch, L length, C channels, F frequencies, K poles, i and o channels going in and out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from twostage.config import model as configs
from twostage.models.networks.spectra import (
    Pair,
    exponential,
    product,
    quotient,
    real_part,
    real_product,
    signal,
    spectrum,
    whole_rates,
    whole_spectrum,
)
from twostage.models.precision import at_least_single

FAINTEST = 1e-24  # a root has no derivative at 0


class Envelope(nn.Module):
    """The magnitude of the analytic signal (Gabor 1946): of the signal, and of itself a quarter of a turn later."""

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Envelopes along the length; the shape stays."""
        x_BLC = at_least_single(x_BLC)
        real_BFC, imaginary_BFC = spectrum(x_BLC)
        line_F = torch.arange(real_BFC.shape[1], device=x_BLC.device)
        # The mean, and the highest frequency where the length is even, do not turn.
        turns_F1 = ((line_F > 0) & (2 * line_F < x_BLC.shape[1]))[:, None]
        later_BLC = signal(Pair(imaginary_BFC, -real_BFC).times(turns_F1), x_BLC.shape[1])
        return (x_BLC.square() + later_BLC.square()).clamp(min=FAINTEST).sqrt()


class WaveFilter(nn.Module):
    """A Gaussian band pass for each channel; frequencies count in cycles per sample."""

    def __init__(self, config: configs.TSPN, channels: int) -> None:
        super().__init__()
        self.centre = nn.Parameter(config.centre + config.centre_spread * torch.randn(1, 1, channels))
        self.band = nn.Parameter(config.band + config.band_spread * torch.randn(1, 1, channels))

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Filtered signals; the shape stays."""
        spectrum_BFC = spectrum(at_least_single(x_BLC))
        grid_F1 = torch.linspace(0, 0.5, spectrum_BFC.real.shape[1], device=x_BLC.device)[:, None]
        passed_1FC = torch.exp(-(((grid_F1 - self.centre) / (2 * self.band)) ** 2))
        return signal(spectrum_BFC.times(passed_1FC), x_BLC.shape[1])


class Laplace(nn.Module):
    """The steady and the transient response of poles and residues (Cao et al. 2024, "Laplace neural operators").

    As in the authors' code, the transient of an output channel starts from the residues of the output channel whose
    number is that of its input. Poles and residues are kept as pairs of real and imaginary part.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        shape = (channels, channels, channels**2, 2)
        self.poles = nn.Parameter(torch.rand(shape) / channels**2)
        self.residues = nn.Parameter(torch.rand(shape) / channels**2)

    def forward(self, x_BLC: Tensor) -> Tensor:
        """The response to signals that last one unit of time; the shape stays."""
        x_BLC, length = at_least_single(x_BLC), x_BLC.shape[1]
        poles_ioK, residues_ioK = (Pair(*each.unbind(dim=-1)) for each in (self.poles, self.residues))
        rate_L = whole_rates(length, x_BLC.device).to(x_BLC.dtype) * (2 * math.pi * (length - 1) / length)
        spectrum_BLi = whole_spectrum(x_BLC)
        below_LioK = Pair(-poles_ioK.real, rate_L[:, None, None, None] - poles_ioK.imaginary)
        response_LioK = quotient(residues_ioK, below_LioK)
        steady_BLo = real_part(product("bli,lio->blo", spectrum_BLi, response_LioK.summed(dim=-1)))
        started_BoK = product("bli,liok->bok", spectrum_BLi, response_LioK)
        time_L = torch.linspace(0, 1, length, dtype=x_BLC.dtype, device=x_BLC.device)
        transient_BLo = real_product("bik,iokl->blo", started_BoK, exponential(poles_ioK, time_L)) / length
        response_BLo: Tensor = steady_BLo - transient_BLo
        return response_BLo


def make_transform(name: str, config: configs.TSPN, channels: int) -> nn.Module:
    """The transform of that name, for so many channels."""
    match name:
        case "envelope":
            return Envelope()
        case "wave_filter":
            return WaveFilter(config, channels)
        case "laplace":
            return Laplace(channels)
        case _:
            return nn.Identity()
