"""Fourier neural operator along the token sequence.

Li et al. 2021, "Fourier neural operator for parametric partial differential equations", section 4.
Unlike in the paper, an activation follows the last layer too, and both liftings are single linear layers.

Shape suffixes: B batch, P patches (tokens), D features, w and v features inside the operator (in, out), m modes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs
from twostage.models.precision import at_least_single


class FNO(nn.Module):
    """Lift the features, let Fourier layers mix the tokens, and return to the features. Nothing is added around it."""

    # Every backbone is built with the same arguments.
    def __init__(self, config: configs.FNO, *, dim: int, patches: int) -> None:  # noqa: ARG002
        super().__init__()
        self.lift = nn.Linear(dim, config.width)
        self.blocks = nn.ModuleList(FourierLayer(config.width, config.modes) for _ in range(config.layers))
        self.lower = nn.Linear(config.width, dim)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Mix tokens (B, P, D) along P; the shape stays."""
        tokens_BPw = self.lift(tokens_BPD)
        for block in self.blocks:
            tokens_BPw = block(tokens_BPw)
        lowered_BPD: Tensor = self.lower(tokens_BPw)
        return lowered_BPD


class FourierLayer(nn.Module):
    """Multiply the lowest frequencies by a matrix each, drop the others, add a map of every token alone; then GELU."""

    def __init__(self, width: int, modes: int) -> None:
        super().__init__()
        # Real and imaginary part on the last axis: files, digests and optimisers then need no complex numbers.
        self.spectrum = nn.Parameter(torch.rand(width, width, modes, 2) * width**-2)
        self.local = nn.Linear(width, width)

    def forward(self, tokens_BPw: Tensor) -> Tensor:
        """Mix tokens (B, P, w); the shape stays."""
        patches, modes = tokens_BPw.shape[1], self.spectrum.shape[2]
        spectrum_Bmw = torch.fft.rfft(at_least_single(tokens_BPw), dim=1)[:, :modes]
        mixed_Bmv = torch.einsum("bmw,wvm->bmv", spectrum_Bmw, torch.view_as_complex(self.spectrum))
        return functional.gelu(torch.fft.irfft(mixed_Bmv, n=patches, dim=1) + self.local(tokens_BPw))
