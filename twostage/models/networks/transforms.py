"""Named transforms of signals, with weights that say what they pass on.

Shape suffixes: B batch, L length, C channels, F frequencies, K poles, i and o channels going in and out.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from twostage.config import model as configs
from twostage.models.precision import at_least_single


class Envelope(nn.Module):
    """The magnitude of the analytic signal (Gabor 1946)."""

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Envelopes along the length; the shape stays."""
        length = x_BLC.shape[1]
        index_L = torch.arange(length, device=x_BLC.device)
        # Positive frequencies twice; the mean, and the highest where the length is even, once.
        once_L = (index_L == 0) | (2 * index_L == length)
        weight_L = torch.where(once_L, 1.0, torch.where(2 * index_L < length, 2.0, 0.0))
        spectrum_BLC = torch.fft.fft(at_least_single(x_BLC), dim=1) * weight_L[:, None]
        envelope_BLC: Tensor = torch.fft.ifft(spectrum_BLC, dim=1).abs()
        return envelope_BLC


class WaveFilter(nn.Module):
    """A Gaussian band pass for each channel; frequencies count in cycles per sample."""

    def __init__(self, config: configs.TSPN, channels: int) -> None:
        super().__init__()
        self.centre = nn.Parameter(config.centre + config.centre_spread * torch.randn(1, 1, channels))
        self.band = nn.Parameter(config.band + config.band_spread * torch.randn(1, 1, channels))

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Filtered signals; the shape stays."""
        spectrum_BFC = torch.fft.rfft(at_least_single(x_BLC), dim=1, norm="ortho")
        grid_1F1 = torch.linspace(0, 0.5, spectrum_BFC.shape[1], device=x_BLC.device)[None, :, None]
        passed_BFC = spectrum_BFC * torch.exp(-(((grid_1F1 - self.centre) / (2 * self.band)) ** 2))
        filtered_BLC: Tensor = torch.fft.irfft(passed_BFC, dim=1, norm="ortho", n=x_BLC.shape[1])
        return filtered_BLC


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
        length = x_BLC.shape[1]
        time_L = torch.linspace(0, 1, length, device=x_BLC.device)
        rate = torch.fft.fftfreq(length, 1 / (length - 1), device=x_BLC.device) * 2 * math.pi
        poles_ioK, residues_ioK = torch.view_as_complex(self.poles), torch.view_as_complex(self.residues)
        spectrum_BLi = torch.fft.fft(at_least_single(x_BLC), dim=1)
        response_LioK = residues_ioK / (1j * rate[:, None, None, None] - poles_ioK)
        steady_BLo = torch.fft.ifft(torch.einsum("bli,lio->blo", spectrum_BLi, response_LioK.sum(-1)), dim=1).real
        started_BoK = torch.einsum("bli,liok->bok", spectrum_BLi, -response_LioK)
        decay_ioKL = torch.exp(poles_ioK[..., None] * time_L)
        transient_BLo = torch.einsum("bik,iokl->blo", started_BoK, decay_ioKL).real / length
        response_BLo: Tensor = steady_BLo + transient_BLo
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
