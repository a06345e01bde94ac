"""Contrastive pretraining: windows of one state lie together, those of others apart.

Legend: B batch, L length, C channels, E features of the projection, V views.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ContrastiveConfig
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.projection import ProjectionHead
from twostage.models.network import Network
from twostage.objectives.augmentation import chain
from twostage.objectives.base import Objective
from twostage.objectives.identity import class_of_system


class Contrastive(Objective):
    """A loss that compares windows of a batch with one another.

    The set-up is that of Chen et al. 2020, "A Simple Framework for Contrastive Learning of Visual Representations".
    With pairing ``views`` a batch holds B windows, and each is augmented twice. With pairing ``recording`` it holds
    2B windows, anchors first and then their partners from the same recording; windows of one recording are never
    negatives of each other. With pairing ``class`` it holds B windows, each is augmented once, and those of one class
    of one system belong together. Where a window has several positives, its loss is the mean over them (Khosla et al.
    2020, "Supervised Contrastive Learning", eq. 2).
    """

    def __init__(
        self, config: ContrastiveConfig, network: Network, *, classes: Mapping[int, int] | None = None
    ) -> None:
        super().__init__(config, network)
        self.pairing = config.pairing
        self.augment = chain(config.augmentations)
        self.compare: nn.Module = build(config.loss)
        self.width = max((classes or {}).values(), default=0)

    @staticmethod
    def head(
        config: ContrastiveConfig,
        model: ModelConfig,
        *,
        classes: Mapping[int, int] | None = None,  # noqa: ARG004 - classes have no output here
    ) -> ProjectionHead:
        """The projection head that this objective needs."""
        return ProjectionHead(config.projection, dim=model.embedding.dim)

    @property
    def pairs(self) -> bool:
        """Pairs are drawn where positives are two windows of one recording."""
        return self.pairing == "recording"

    @property
    def mixed(self) -> bool:
        """Where classes are compared, a batch must not hold a single one."""
        return self.pairing == "class"

    def loss(self, batch: Batch, part: Part) -> Tensor:  # noqa: ARG002 - the same in every part
        """Comparing loss of the batch; 0-dimensional."""
        about = [self._twice(batch.sample_rate_B), self._twice(batch.system_B)]
        domain_V = None if batch.domain_B is None else self._twice(batch.domain_B)
        z_VE = self.network(self._views(batch.x_BLC), *about, domain_V)
        loss: Tensor = self.compare(z_VE, self._identity(batch))
        return loss

    def _views(self, x_BLC: Tensor) -> Tensor:
        augmented: Tensor = self.augment(self._twice(x_BLC))
        return augmented

    def _twice(self, values: Tensor) -> Tensor:
        return torch.cat([values, values]) if self.pairing == "views" else values

    def _identity(self, batch: Batch) -> Tensor:
        """What makes two views positives: the same window, the same recording, or the same class of one system."""
        match self.pairing:
            case "recording":
                return batch.recording_B
            case "class":
                return class_of_system(batch, self.width)
            case "views":
                return torch.arange(len(batch.x_BLC), device=batch.x_BLC.device).repeat(2)
