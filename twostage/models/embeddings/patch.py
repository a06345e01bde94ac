"""Patches side by side, each mapped to a token by two layers.

The cutting is that of vision transformers (Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", section 3.1), on
one axis and without a position code.

Shape suffixes: B batch, L window length, C channels, P patches, D features, H hidden features, l samples of a patch.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from twostage.config.model import embeddings as configs
from twostage.models.embeddings.patching import PatchEmbedding, PatchStarts

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "gelu": nn.GELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.1),
    "softplus": nn.Softplus,
    "elu": nn.ELU,
    "silu": nn.SiLU,
}


class Patch(PatchEmbedding):
    """Cut a window into patches that lie side by side, from its beginning; samples left over at its end are unused.

    All channels are in every patch. A token knows neither where its patch lies nor the sampling rate.
    """

    def __init__(self, config: configs.Patch) -> None:
        super().__init__()
        self.config = config
        hidden = config.dim if config.hidden is None else config.hidden
        self.conv1 = nn.Conv1d(config.channels, hidden, config.patch_length, stride=config.patch_length)
        self.activation = ACTIVATIONS[config.activation]()
        self.conv2 = nn.Conv1d(hidden, config.dim, kernel_size=1)

    def forward(self, x_BLC: Tensor) -> Tensor:
        """Embed windows as tokens (B, P, D). Raises ValueError for windows of another number of patches."""
        self._refuse_other_patches(x_BLC)
        hidden_BHP = self.activation(self.conv1(x_BLC.transpose(1, 2)))
        tokens_BDP: Tensor = self.conv2(hidden_BHP)
        return tokens_BDP.transpose(1, 2)

    def starts(self, x_BLC: Tensor) -> PatchStarts:
        """Patches lie side by side, whatever the window holds."""
        length_P = torch.arange(self.config.patches, device=x_BLC.device) * self.config.patch_length
        length_BP = length_P.expand(len(x_BLC), -1)
        return PatchStarts(length_BP, torch.zeros_like(length_BP))

    def patches(self, x_BLC: Tensor, starts: PatchStarts) -> Tensor:
        """The samples (B, P, l, C) of the patches that begin at ``starts``."""
        offset_l = torch.arange(self.config.patch_length, device=x_BLC.device)
        batch_B11 = torch.arange(len(x_BLC), device=x_BLC.device)[:, None, None]
        return x_BLC[batch_B11, starts.length_BP[..., None] + offset_l]

    def _refuse_other_patches(self, x_BLC: Tensor) -> None:
        found = x_BLC.shape[1] // self.config.patch_length
        if found != self.config.patches:
            raise ValueError(
                f"a window of {x_BLC.shape[1]} samples holds {found} patches of {self.config.patch_length}, "
                f"but the embedding was built for {self.config.patches}"
            )
