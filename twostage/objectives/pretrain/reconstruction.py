"""Masked reconstruction: hide blocks of samples, restore them from the rest.

Legend: B batch, L length, C channels, P patches, l samples of a patch, c channels of a patch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ReconstructionConfig
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.reconstruction import ReconstructionHead
from twostage.models.network import Network
from twostage.objectives.base import Objective


class Reconstruction(Objective):
    """Masked autoencoding of patches (He et al. 2022; Nie et al. 2023 for time series).

    Samples are hidden before patches are cut, so that overlapping patches cannot give a hidden sample away. The error
    counts hidden samples alone.
    """

    def __init__(self, config: ReconstructionConfig, network: Network) -> None:
        super().__init__(config, network)
        self.mask = config.mask
        self.error = torch.square if config.loss == "mse" else torch.abs

    @staticmethod
    def head(config: ReconstructionConfig, model: ModelConfig) -> ReconstructionHead:  # noqa: ARG004 - the interface
        """The head that turns tokens back into patches."""
        return ReconstructionHead(model.embedding)

    def loss(self, batch: Batch, part: Part) -> Tensor:  # noqa: ARG002 - the same in every part
        """Mean error over the hidden samples of the patches; 0-dimensional."""
        embedding = self.network.embedding
        x_BLC = batch.x_BLC
        hidden_BLC = self.hidden(x_BLC)
        starts = embedding.starts(x_BLC)
        tokens_BPD = self.network.encode(
            x_BLC * ~hidden_BLC, batch.sample_rate_B, starts, system_B=batch.system_B, domain_B=batch.domain_B
        )
        restored_BPlc = self.network.head(tokens_BPD)
        hidden_BPlc = embedding.patches(hidden_BLC.to(x_BLC.dtype), starts)
        errors_BPlc = self.error(restored_BPlc - embedding.patches(x_BLC, starts)) * hidden_BPlc
        return errors_BPlc.sum() / hidden_BPlc.sum().clamp(min=1.0)

    def hidden(self, x_BLC: Tensor) -> Tensor:
        """Which samples are hidden, as booleans (B, L, C): whole blocks, at least one hidden and one left."""
        batch, length, channels = x_BLC.shape
        blocks = math.ceil(length / self.mask.block)
        count = min(max(1, round(self.mask.ratio * blocks)), max(1, blocks - 1))
        draw = torch.rand(batch, blocks, device=x_BLC.device)
        chosen = torch.zeros_like(draw, dtype=torch.bool).scatter_(1, draw.argsort(dim=1)[:, :count], value=True)
        hidden_BL = chosen.repeat_interleave(self.mask.block, dim=1)[:, :length]
        return hidden_BL.unsqueeze(-1).expand(-1, -1, channels)
