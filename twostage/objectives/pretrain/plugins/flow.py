"""Rectified flow: told a mixture of noise and a window, answer the way from the noise to the window.

Legend: B batch, L length, C channels, P patches, D features, F frequencies, l samples and c channels of a patch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from twostage.config.model import ISFMFlow, ModelConfig
from twostage.config.stage_1 import CustomConfig
from twostage.config.stage_1 import plugins as configs
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.velocity import WindowVelocityHead
from twostage.models.networks.flow_paths import velocity
from twostage.objectives.base import Objective


class VelocityHead(nn.Module):
    """From a token and the share of the window in the mixture to the velocity of the token's patch."""

    def __init__(self, config: configs.Flow, model: ModelConfig) -> None:
        super().__init__()
        embedding = model.patched
        self.patch = (embedding.patch_length, embedding.patch_channels)
        self.frequencies = config.frequencies
        self.perceptron = nn.Sequential(
            nn.Linear(embedding.dim + 2 * config.frequencies, config.hidden),
            nn.SiLU(),
            nn.Linear(config.hidden, math.prod(self.patch)),
        )

    def forward(self, tokens_BPD: Tensor, share_B: Tensor) -> Tensor:
        """Velocities (B, P, l, c), laid out as the embedding cuts its patches; ``share_B`` lies between 0 and 1."""
        wave_F = math.pi * torch.arange(1, self.frequencies + 1, device=share_B.device)
        angle_BF = share_B[:, None] * wave_F
        told_BPF = torch.cat([angle_BF.sin(), angle_BF.cos()], dim=1)[:, None].expand(-1, tokens_BPD.shape[1], -1)
        values: Tensor = self.perceptron(torch.cat([tokens_BPD, told_BPF.to(tokens_BPD.dtype)], dim=2))
        return values.reshape(*tokens_BPD.shape[:2], *self.patch)


class Flow(Objective):
    """Flow matching on straight lines: x_t = (1 - t) noise + t x, and the target is x - noise.

    Liu et al. 2023, "Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow", eq. 1.
    The encoder sees the mixture alone, so that what it hands on is made to tell signals from noise of every strength.
    The network isfm_flow is told the share of the window as well, and answers for whole windows.
    """

    @staticmethod
    def head(config: CustomConfig, model: ModelConfig) -> VelocityHead | WindowVelocityHead:
        """The head that answers velocities; it stays in stage 1."""
        if isinstance(network := model.network, ISFMFlow):
            return WindowVelocityHead(dim=network.dim, length=network.length, channels=network.channels)
        assert isinstance(config.params, configs.Flow)  # noqa: S101 - chosen by the config's target
        return VelocityHead(config.params, model)

    def loss(self, batch: Batch, part: Part) -> Tensor:  # noqa: ARG002 - the same in every part
        """Mean squared error of the velocity over the samples of all patches, or of windows; 0-dimensional."""
        x_BLC, embedding = batch.x_BLC, self.network.embedding
        noise_BLC, share_B = self._drawn(x_BLC)
        share_B11 = share_B[:, None, None]
        mixture_BLC = (1 - share_B11) * noise_BLC + share_B11 * x_BLC
        if isinstance(self.network.head, WindowVelocityHead):
            velocity_BLC = velocity(self.network, mixture_BLC, share_B, batch.system_B, batch.domain_B)
            return (velocity_BLC - (x_BLC - noise_BLC)).square().mean()
        starts = embedding.starts(x_BLC)
        tokens_BPD = self.network.encode(
            mixture_BLC, batch.sample_rate_B, starts, system_B=batch.system_B, domain_B=batch.domain_B
        )
        velocity_BPlc: Tensor = self.network.head(tokens_BPD, share_B)
        return (velocity_BPlc - embedding.patches(x_BLC - noise_BLC, starts)).square().mean()

    def _drawn(self, x_BLC: Tensor) -> tuple[Tensor, Tensor]:
        """Standard normal noise (B, L, C), and for each window its share in the mixture (B,), evenly in [0, 1)."""
        return torch.randn_like(x_BLC), torch.rand(len(x_BLC), device=x_BLC.device)
