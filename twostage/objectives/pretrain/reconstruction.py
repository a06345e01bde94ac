"""Masked reconstruction: hide samples, restore them from the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from twostage.config.model import ModelConfig
from twostage.config.stage_1 import ReconstructionConfig
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.reconstruction import ReconstructionHead
from twostage.models.network import Network
from twostage.objectives.augmentation import Spoiled
from twostage.objectives.base import Objective
from twostage.objectives.pretrain.restoration import SCORES, Restoration


class Reconstruction(Objective):
    """Masked autoencoding of patches (He et al. 2022; Nie et al. 2023 for time series)."""

    def __init__(self, config: ReconstructionConfig, network: Network) -> None:
        super().__init__(config, network)
        self.restoration = Restoration(config.mask, config.loss, counts=config.counts)
        self.spoiled = Spoiled(config.augmentations)

    @staticmethod
    def head(config: ReconstructionConfig, model: ModelConfig) -> ReconstructionHead:  # noqa: ARG004 - the interface
        """The head that turns tokens back into patches."""
        return ReconstructionHead(model.patched)

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Mean error over the samples that count; 0-dimensional."""
        target, seen = self.spoiled(batch, part)
        found: Tensor = self.restoration(self.network, self.network.head, target, part, spoiled_BLC=seen.x_BLC)
        return found

    def logged(self) -> frozenset[str]:
        """Losses, and how well hidden samples of the validation part are restored."""
        return super().logged() | {f"validation/{name}" for name in SCORES}

    def metrics(self, part: Part) -> Mapping[str, Any]:
        """Errors and likeness of the hidden samples of the validation part: see ``Restoration.scores``."""
        return self.restoration.scores() if part == "validation" else {}

    def on_validation_epoch_start(self) -> None:
        """Each epoch counts its own windows alone, and hides the same of them."""
        super().on_validation_epoch_start()
        self.restoration.restart()

    def on_validation_epoch_end(self) -> None:
        """Log what the epoch has restored."""
        super().on_validation_epoch_end()
        self.log_dict({f"validation/{name}": value for name, value in self.metrics("validation").items()})
