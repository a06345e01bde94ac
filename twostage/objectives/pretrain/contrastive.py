"""Contrastive pretraining: two views of one state lie together, views of others apart.

Legend: B batch, L length, C channels, D features, V views.
"""

from __future__ import annotations

import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor, nn

from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ContrastiveConfig
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.projection import ProjectionHead
from twostage.models.network import Network
from twostage.objectives.augmentation import chain
from twostage.objectives.base import Objective


class Contrastive(Objective):
    """NT-Xent over pairs (Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations").

    With pairing ``views`` a batch holds B windows, and each is augmented twice. With pairing ``recording`` it holds
    2B windows, anchors first and then their partners from the same recording; windows of one recording are never
    negatives of each other, and where a batch holds more than two of them, an anchor's loss is the mean over its
    positives (Khosla et al. 2020, "Supervised Contrastive Learning", eq. 2, with the recording as the class).
    """

    def __init__(self, config: ContrastiveConfig, network: Network) -> None:
        super().__init__(config, network)
        self.pairing = config.pairing
        self.augment = chain(config.augmentations)
        # With one positive per anchor this is NT-Xent, number for number. The library's NTXentLoss lays every positive
        # against every negative in one table, which takes a hundred times as long at the same batch.
        self.nt_xent: nn.Module = SupConLoss(temperature=config.loss.temperature)

    @staticmethod
    def head(config: ContrastiveConfig, model: ModelConfig) -> ProjectionHead:
        """The projection head that this objective needs."""
        return ProjectionHead(config.projection, dim=model.embedding.dim)

    @property
    def pairs(self) -> bool:
        """Pairs are drawn where positives are two windows of one recording."""
        return self.pairing == "recording"

    def loss(self, batch: Batch, part: Part) -> Tensor:  # noqa: ARG002 - the same in every part
        """NT-Xent of the batch's pairs; 0-dimensional."""
        about = [self._twice(batch.sample_rate_B), self._twice(batch.system_B)]
        domain_V = None if batch.domain_B is None else self._twice(batch.domain_B)
        z_VD = self.network(self._views(batch.x_BLC), *about, domain_V)
        loss: Tensor = self.nt_xent(z_VD, self._identity(batch))
        return loss

    def _views(self, x_BLC: Tensor) -> Tensor:
        augmented: Tensor = self.augment(self._twice(x_BLC))
        return augmented

    def _twice(self, values: Tensor) -> Tensor:
        return torch.cat([values, values]) if self.pairing == "views" else values

    def _identity(self, batch: Batch) -> Tensor:
        """What makes two views a positive pair: the same window, or the same recording."""
        if self.pairing == "recording":
            return batch.recording_B
        return torch.arange(len(batch.x_BLC), device=batch.x_BLC.device).repeat(2)
