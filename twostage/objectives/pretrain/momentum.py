"""A momentum encoder and its queue: what windows are compared with beside their own batch.

Legend: B windows, Q places of the queue, E features of the projection.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from twostage.config.stage_1.comparing import MomentumEncoder
from twostage.data.windowed import Batch
from twostage.models.heads.projection import projection_of
from twostage.models.network import Network

EMPTY = -2  # no window has this identity
NOBODY = -1  # nor has one this


class KeyEncoder(nn.Module):
    """He et al. 2020, "Momentum Contrast for Unsupervised Visual Representation Learning", section 3.

    A copy of the network that no gradient reaches: after each step, each of its weights keeps ``momentum`` of itself
    and takes the rest from the network. Running statistics are taken over whole. The queue holds its latest vectors.
    """

    def __init__(self, config: MomentumEncoder, network: Network) -> None:
        super().__init__()
        self.momentum = config.momentum
        self.network = deepcopy(network).requires_grad_(requires_grad=False)
        self.kept_QE: Tensor
        self.identity_Q: Tensor
        self.place: Tensor
        self.register_buffer("kept_QE", torch.zeros(config.queue, projection_of(network).features))
        self.register_buffer("identity_Q", torch.full((config.queue,), EMPTY))
        self.register_buffer("place", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def follow(self, network: Network) -> None:
        """Take a step towards the network."""
        for mine, theirs in zip(self.network.parameters(), network.parameters(), strict=True):
            mine.lerp_(theirs, 1 - self.momentum)
        for still, other in zip(self.network.buffers(), network.buffers(), strict=True):
            still.copy_(other)

    @torch.no_grad()
    def keys(self, batch: Batch) -> Tensor:
        """Vectors (B, E) of the windows of a batch."""
        return projected(self.network, encoded(self.network, batch))

    @property
    def queue(self) -> tuple[Tensor, Tensor]:
        """The vectors of earlier batches (up to Q, E) and the identities (up to Q,) of their windows."""
        there_Q = self.identity_Q != EMPTY
        return self.kept_QE[there_Q], self.identity_Q[there_Q]

    @torch.no_grad()
    def remember(self, keys_BE: Tensor, identity_B: Tensor) -> None:
        """Put vectors into the queue, in the place of the oldest."""
        size = len(self.identity_Q)
        if not size:
            return
        keys_BE, identity_B = keys_BE[-size:], identity_B[-size:]
        place_B = (self.place + torch.arange(len(keys_BE), device=keys_BE.device)) % size
        self.kept_QE[place_B] = keys_BE.to(self.kept_QE.dtype)
        self.identity_Q[place_B] = identity_B
        self.place.add_(len(keys_BE)).remainder_(size)


def encoded(network: Network, batch: Batch) -> Tensor:
    """Tokens (B, P, D) of the windows of a batch."""
    return network.encode(batch.x_BLC, batch.sample_rate_B, system_B=batch.system_B, domain_B=batch.domain_B)


def projected(network: Network, tokens_BPD: Tensor) -> Tensor:
    """What is compared of tokens: vectors (B, E)."""
    vectors_BE: Tensor = projection_of(network)(tokens_BPD)
    return vectors_BE
