"""Rectified flow: told a mixture of noise and a window, answer the way from the noise to the window.

Legend: B batch, L length, C channels, P patches, D features, F frequencies, l samples and c channels of a patch.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from twostage.config.model import ISFMFlow, ModelConfig
from twostage.config.stage_1 import CustomConfig, NTXent, Projection
from twostage.config.stage_1 import plugins as configs
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.projection import ProjectionHead
from twostage.models.heads.velocity import WindowVelocityHead
from twostage.models.network import Network
from twostage.models.networks.isfm_flow import ISFMFlow as ISFMFlowTrunk
from twostage.objectives.base import Objective
from twostage.objectives.losses.supcon import SupCon


class VelocityHead(nn.Module):
    """From a token and the share of the window in the mixture to the velocity of the token's patch.

    ``projection`` is that of the contrast beside the flow, where there is one.
    """

    def __init__(self, config: configs.Flow, model: ModelConfig) -> None:
        super().__init__()
        embedding = model.patched
        self.patch = (embedding.patch_length, embedding.patch_channels)
        self.frequencies = config.frequencies
        contrast = config.contrast
        self.projection = None if contrast is None else ProjectionHead(contrast.projection, dim=embedding.dim)
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


class ContrastedWindowHead(WindowVelocityHead):
    """The last layer of a flow over whole windows, and the projection of the contrast beside it."""

    def __init__(self, projection: Projection, *, dim: int, length: int, channels: int) -> None:
        super().__init__(dim=dim, length=length, channels=channels)
        self.projection = ProjectionHead(projection, dim=dim)


class Flow(Objective):
    """Flow matching on straight lines: x_t = (1 - t) noise + t x, and the target is x - noise.

    Liu et al. 2023, "Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow", eq. 1.
    The encoder sees the mixture alone, so that what it hands on is made to tell signals from noise of every strength.
    The network isfm_flow is told the share of the window as well, and answers for whole windows. With ``contrast`` each
    window is mixed twice, with noises and shares of their own, and the two mixtures are a pair for NT-Xent (Chen et al.
    2020, eq. 1).
    """

    def __init__(self, config: CustomConfig, network: Network) -> None:
        super().__init__(config, network)
        contrast = _params(config).contrast
        self.weight = 0.0 if contrast is None else contrast.weight
        self.compare = None if contrast is None else SupCon(NTXent(temperature=contrast.temperature))

    @staticmethod
    def head(config: CustomConfig, model: ModelConfig) -> VelocityHead | WindowVelocityHead:
        """The head that answers velocities; it stays in stage 1."""
        if isinstance(network := model.network, ISFMFlow):
            size = {"dim": network.dim, "length": network.length, "channels": network.channels}
            contrast = _params(config).contrast
            return WindowVelocityHead(**size) if contrast is None else ContrastedWindowHead(contrast.projection, **size)
        return VelocityHead(_params(config), model)

    def loss(self, batch: Batch, part: Part) -> Tensor:  # noqa: ARG002 - the same in every part
        """Mean squared error of the velocity over the samples of all patches, or of windows; 0-dimensional."""
        mixed = batch if self.compare is None else batch.repeated(2)
        noise_BLC, share_B = self._drawn(mixed.x_BLC)
        whole = isinstance(self.network.head, WindowVelocityHead)
        error, tokens_BPD = (self._of_windows if whole else self._of_patches)(mixed, noise_BLC, share_B)
        return error if self.compare is None else error + self.weight * self._contrast(tokens_BPD)

    def _of_windows(self, batch: Batch, noise_BLC: Tensor, share_B: Tensor) -> tuple[Tensor, Tensor]:
        """Error of whole windows, and what is known of the mixtures: one token each (B, 1, D)."""
        network, head = self.network.backbone, self.network.head
        assert isinstance(network, ISFMFlowTrunk)  # noqa: S101 - the network with this head
        mixture_BLC = _mixed(batch.x_BLC, noise_BLC, share_B)
        features_BD = network.features(mixture_BLC, share_B, batch.system_B, batch.domain_B)
        return (head(features_BD) - (batch.x_BLC - noise_BLC)).square().mean(), features_BD[:, None]

    def _of_patches(self, batch: Batch, noise_BLC: Tensor, share_B: Tensor) -> tuple[Tensor, Tensor]:
        """Error of patches, and the tokens (B, P, D) of the mixtures."""
        embedding = self.network.embedding
        starts = embedding.starts(batch.x_BLC)
        mixture_BLC = _mixed(batch.x_BLC, noise_BLC, share_B)
        tokens_BPD = self.network.encode(
            mixture_BLC, batch.sample_rate_B, starts, system_B=batch.system_B, domain_B=batch.domain_B
        )
        velocity_BPlc: Tensor = self.network.head(tokens_BPD, share_B)
        return (velocity_BPlc - embedding.patches(batch.x_BLC - noise_BLC, starts)).square().mean(), tokens_BPD

    def _contrast(self, tokens_BPD: Tensor) -> Tensor:
        """NT-Xent of the projected mixtures, of which the second half are the first half's partners."""
        projection = self.network.head.projection
        assert isinstance(projection, ProjectionHead)  # noqa: S101 - see head
        assert self.compare is not None  # noqa: S101 - asked before
        identity_B = torch.arange(len(tokens_BPD) // 2, device=tokens_BPD.device).repeat(2)
        loss: Tensor = self.compare(projection(tokens_BPD), identity_B)
        return loss

    def _drawn(self, x_BLC: Tensor) -> tuple[Tensor, Tensor]:
        """Standard normal noise (B, L, C), and for each window its share in the mixture (B,), evenly in [0, 1)."""
        return torch.randn_like(x_BLC), torch.rand(len(x_BLC), device=x_BLC.device)


def _mixed(x_BLC: Tensor, noise_BLC: Tensor, share_B: Tensor) -> Tensor:
    share_B11 = share_B[:, None, None]
    return (1 - share_B11) * noise_BLC + share_B11 * x_BLC


def _params(config: CustomConfig) -> configs.Flow:
    """The plugin's own section."""
    assert isinstance(config.params, configs.Flow)  # noqa: S101 - chosen by the config's target
    return config.params
