"""What adaptations of the encoder share: parts that stay as they are, and learning rates of the rest."""

from __future__ import annotations

from typing import Any, Self

from torch import nn

from twostage.config.stage_2 import EncoderAdaptation
from twostage.models.network import Network
from twostage.objectives.base import Objective, freeze, frozen_parts

ENCODER_PARTS = ("embedding", "backbone")


class EncoderObjective(Objective):
    """Trains the head, and what is not frozen of the encoder."""

    def __init__(self, config: EncoderAdaptation, network: Network) -> None:
        super().__init__(config, network)
        self.encoder_config = config
        for part in self.frozen:
            freeze(part)

    @property
    def frozen(self) -> list[nn.Module]:
        """Parts of the encoder that keep their weights and running statistics."""
        return frozen_parts(self.network, self.encoder_config.freeze)

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002 - the signature of torch
        """Train mode for all but the frozen parts."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The head at the written learning rate, each trained part of the encoder at its multiple of it."""
        lr = self.config.optimizer.lr
        groups: list[dict[str, Any]] = [{"params": list(self.network.head.parameters()), "lr": lr, "name": "head"}]
        for name in ENCODER_PARTS:
            trained = [p for p in getattr(self.network, name).parameters() if p.requires_grad]
            multiple = getattr(self.encoder_config.lr_multipliers, name)
            if trained:
                groups.append({"params": trained, "lr": lr * multiple, "name": name})
        return groups
