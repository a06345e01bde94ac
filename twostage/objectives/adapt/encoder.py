"""What adaptations of the encoder share: parts that stay as they are or begin later, and learning rates."""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from twostage.config.stage_2 import EncoderAdaptation
from twostage.models.network import Network
from twostage.objectives.adapt.unfreezing import Unfreezing
from twostage.objectives.augmentation import Spoiled
from twostage.objectives.base import Objective, freeze, frozen_parts

ENCODER_PARTS = ("embedding", "backbone")


class EncoderObjective(Objective):
    """Trains the head, and what is not frozen of the encoder."""

    def __init__(self, config: EncoderAdaptation, network: Network) -> None:
        super().__init__(config, network)
        self.encoder_config = config
        for part in self.frozen:
            freeze(part)
        # Also parts that wait, whose turn comes later.
        self._trained = {
            part: [name for name, p in getattr(network, part).named_parameters() if p.requires_grad]
            for part in ENCODER_PARTS
        }
        self.spoiled = Spoiled(config.augmentations)
        self._unfreezing = Unfreezing(network, config.unfreeze)
        self._waiting: list[nn.Module] = []

    @property
    def frozen(self) -> list[nn.Module]:
        """Parts of the encoder that keep their weights and running statistics."""
        return frozen_parts(self.network, self.encoder_config.freeze)

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - the signature of torch
        """Train mode for all but the parts that are frozen, or wait."""
        super().train(mode)
        for part in (*self.frozen, *self._waiting):
            part.eval()
        return self

    def on_train_epoch_start(self) -> None:
        """Let layers begin to train whose turn it is."""
        self._waiting = self._unfreezing.at(self.current_epoch)
        self.train()

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Each part that trains, at its multiple of the written learning rate."""
        lr, multiples = self.config.optimizer.lr, self.encoder_config.lr_multipliers
        head = list(self.network.head.parameters())
        groups: list[dict[str, Any]] = [{"params": head, "lr": lr * multiples.head, "name": "head"}]
        for part, names in self._trained.items():
            if names:
                trained = [getattr(self.network, part).get_parameter(name) for name in names]
                groups.append({"params": trained, "lr": lr * getattr(multiples, part), "name": part})
        return groups
