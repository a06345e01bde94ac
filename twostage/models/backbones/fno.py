"""Fourier neural operator along the token sequence.

Li et al. 2021, "Fourier neural operator for parametric partial differential equations", section 4.
Unlike in the paper, an activation follows the last layer too, and both liftings are single linear layers.

The Fourier transform of the few frequencies that are kept is a product with their waves. So nothing here is complex,
and the operator compiles and exports like any other.

Inside, tokens come before the batch, and frequencies before everything: then each step is one product of matrices as
they lie in memory.

Shape suffixes: B batch, P patches (tokens), D features, w and v features inside the operator (in, out), m modes,
r and s real and imaginary part (of the tokens' spectrum, of the weights), M both parts of each frequency.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from twostage.config import model as configs


class FNO(nn.Module):
    """Lift the features, let Fourier layers mix the tokens, and return to the features. Nothing is added around it."""

    turns_Pm: Tensor

    def __init__(self, config: configs.FNO, *, dim: int, patches: int) -> None:
        super().__init__()
        self.lift = nn.Linear(dim, config.width)
        self.blocks = nn.ModuleList(FourierLayer(config.width, config.modes) for _ in range(config.layers))
        self.lower = nn.Linear(config.width, dim)
        # Whole numbers, so that no change of precision touches them.
        turns_Pm = torch.arange(patches)[:, None] * torch.arange(config.modes) % patches
        self.register_buffer("turns_Pm", turns_Pm, persistent=False)

    def forward(self, tokens_BPD: Tensor) -> Tensor:
        """Mix tokens (B, P, D) along P; the shape stays."""
        tokens_PBw = self.lift(tokens_BPD).transpose(0, 1).contiguous()
        waves = waves_of(self.turns_Pm, tokens_PBw.dtype)
        for block in self.blocks:
            tokens_PBw = block(tokens_PBw, waves)
        lowered_BPD: Tensor = self.lower(tokens_PBw.transpose(0, 1))
        return lowered_BPD


class Waves(NamedTuple):
    """What leads from tokens to the real and imaginary parts of each frequency (m r, P), and back (P, m r)."""

    there_MP: Tensor
    back_PM: Tensor


class FourierLayer(nn.Module):
    """Multiply the lowest frequencies by a matrix each, drop the others, add a map of every token alone; then GELU."""

    def __init__(self, width: int, modes: int) -> None:
        super().__init__()
        drawn_wvms = torch.rand(width, width, modes, 2) * width**-2
        self.spectrum = nn.Parameter(drawn_wvms.permute(2, 0, 3, 1).contiguous())
        self.local = nn.Linear(width, width)

    def forward(self, tokens_PBw: Tensor, waves: Waves) -> Tensor:
        """Mix tokens (P, B, w); the shape stays."""
        modes, width, _, _ = self.spectrum.shape
        spectrum_MBw = waves.there_MP @ tokens_PBw.flatten(1)
        product = spectrum_MBw.reshape(modes, -1, width) @ self.spectrum.flatten(2)
        product_mrBsv = product.reshape(modes, 2, -1, 2, width)
        real_mBv = product_mrBsv[:, 0, :, 0] - product_mrBsv[:, 1, :, 1]
        imaginary_mBv = product_mrBsv[:, 0, :, 1] + product_mrBsv[:, 1, :, 0]
        mixed = waves.back_PM @ torch.stack([real_mBv, imaginary_mBv], dim=1).reshape(2 * modes, -1)
        return functional.gelu(mixed.reshape(tokens_PBw.shape) + self.local(tokens_PBw))


def waves_of(turns_Pm: Tensor, dtype: torch.dtype) -> Waves:
    """The waves that turn ``turns / P`` times until each token: cosine and minus sine of each frequency."""
    patches, modes = turns_Pm.shape
    angle_Pm = turns_Pm.to(torch.promote_types(dtype, torch.float32)) * (2 * math.pi / patches)
    waves_Pmr = torch.stack([angle_Pm.cos(), -angle_Pm.sin()], dim=-1)
    mode_m = torch.arange(modes, device=turns_Pm.device)
    # All but the mean and, where there is one, the frequency of alternating tokens stand for their mirror image too.
    count_m = torch.where((mode_m == 0) | (2 * mode_m == patches), 1, 2)
    back_PM = (waves_Pmr * count_m[:, None] / patches).flatten(1)
    return Waves(waves_Pmr.flatten(1).T.to(dtype), back_PM.to(dtype))
