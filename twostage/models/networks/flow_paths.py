"""What a trained flow over whole windows can do: make windows from noise, find the noise of windows, and judge them.

Euler steps along the velocity (Liu et al. 2023, "Flow straight and fast", algorithm 1).

Shape suffixes: B batch, L window length, C channels.
"""

from __future__ import annotations

import torch
from torch import Tensor

from twostage.models.heads.velocity import WindowVelocityHead
from twostage.models.network import Network
from twostage.models.networks.isfm_flow import ISFMFlow


def velocity(
    network: Network, mixture_BLC: Tensor, share_B: Tensor, system_B: Tensor | None, domain_B: Tensor | None
) -> Tensor:
    """The way (B, L, C) from the noise to the window of mixtures that hold this share of the window."""
    assert isinstance(network.backbone, ISFMFlow)  # noqa: S101 - what this module is for
    assert isinstance(network.head, WindowVelocityHead)  # noqa: S101
    answer_BLC: Tensor = network.head(network.backbone.features(mixture_BLC, share_B, system_B, domain_B))
    return answer_BLC


@torch.no_grad()
def to_windows(
    network: Network, noise_BLC: Tensor, system_B: Tensor | None, domain_B: Tensor | None, *, steps: int
) -> Tensor:
    """Windows (B, L, C) of these systems and conditions, made from noise."""
    x_BLC = noise_BLC
    for step in range(steps):
        share_B = torch.full_like(x_BLC[:, 0, 0], step / steps)
        x_BLC = x_BLC + velocity(network, x_BLC, share_B, system_B, domain_B) / steps
    return x_BLC


@torch.no_grad()
def to_noise(
    network: Network, x_BLC: Tensor, system_B: Tensor | None, domain_B: Tensor | None, *, steps: int
) -> Tensor:
    """The noise (B, L, C) that windows would be made from."""
    for step in range(steps):
        share_B = torch.full_like(x_BLC[:, 0, 0], 1 - step / steps)
        x_BLC = x_BLC - velocity(network, x_BLC, share_B, system_B, domain_B) / steps
    return x_BLC


def strangeness(
    network: Network, x_BLC: Tensor, system_B: Tensor | None, domain_B: Tensor | None, *, steps: int
) -> Tensor:
    """How far the noise of each window lies from the origin (B,): the farther, the less it is like those trained on."""
    noise_BLC = to_noise(network, x_BLC, system_B, domain_B, steps=steps)
    norm_B: Tensor = torch.linalg.vector_norm(noise_BLC.flatten(1), dim=1)
    return norm_B
