"""Fourier neural operator along the token sequence.

Li et al. 2021, "Fourier neural operator for parametric partial differential equations", section 4.
Unlike in the paper, an activation follows the last layer too, and both liftings are single linear layers.

The Fourier transform of the few frequencies that are kept is a product with their waves. So nothing here is complex,
and the operator compiles and exports like any other.

Shape suffixes: B batch, P patches (tokens), D features, w and v features inside the operator (in, out), m modes,
r and s real and imaginary part (of the tokens' spectrum, of the weights).
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
        tokens_BPw = self.lift(tokens_BPD)
        waves = waves_of(self.turns_Pm, tokens_BPw.dtype)
        for block in self.blocks:
            tokens_BPw = block(tokens_BPw, waves)
        lowered_BPD: Tensor = self.lower(tokens_BPw)
        return lowered_BPD


class Waves(NamedTuple):
    """Cosines and sines (P, m), and how often each frequency counts in the sum that leads back (m)."""

    cosine_Pm: Tensor
    sine_Pm: Tensor
    share_m: Tensor


class FourierLayer(nn.Module):
    """Multiply the lowest frequencies by a matrix each, drop the others, add a map of every token alone; then GELU."""

    def __init__(self, width: int, modes: int) -> None:
        super().__init__()
        # Real and imaginary part on the last axis.
        self.spectrum = nn.Parameter(torch.rand(width, width, modes, 2) * width**-2)
        self.local = nn.Linear(width, width)

    def forward(self, tokens_BPw: Tensor, waves: Waves) -> Tensor:
        """Mix tokens (B, P, w); the shape stays."""
        there_mrP = torch.stack([waves.cosine_Pm, -waves.sine_Pm]).permute(2, 0, 1)
        back_Pmr = torch.stack([waves.cosine_Pm, -waves.sine_Pm], dim=2) * waves.share_m[:, None]
        spectrum_Bmrw = torch.einsum("mrp,bpw->bmrw", there_mrP, tokens_BPw)
        product_Bmrsv = torch.einsum("bmrw,wvms->bmrsv", spectrum_Bmrw, self.spectrum)
        real_Bmv = product_Bmrsv[:, :, 0, 0] - product_Bmrsv[:, :, 1, 1]
        imaginary_Bmv = product_Bmrsv[:, :, 0, 1] + product_Bmrsv[:, :, 1, 0]
        mixed_BPv = torch.einsum("pmr,bmrv->bpv", back_Pmr, torch.stack([real_Bmv, imaginary_Bmv], dim=2))
        return functional.gelu(mixed_BPv + self.local(tokens_BPw))


def waves_of(turns_Pm: Tensor, dtype: torch.dtype) -> Waves:
    """The waves that turn ``turns / P`` times until each token."""
    patches, modes = turns_Pm.shape
    angle_Pm = turns_Pm.to(torch.promote_types(dtype, torch.float32)) * (2 * math.pi / patches)
    mode_m = torch.arange(modes, device=turns_Pm.device)
    # All but the mean and, where there is one, the frequency of alternating tokens stand for their mirror image too.
    count_m = torch.where((mode_m == 0) | (2 * mode_m == patches), 1, 2)
    return Waves(angle_Pm.cos().to(dtype), angle_Pm.sin().to(dtype), count_m.to(dtype) / patches)
