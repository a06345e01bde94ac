"""Supervised pretraining: the classification of every pretraining system.

Legend: B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_1 import CustomConfig
from twostage.config.stage_1 import plugins as configs
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.network import Network
from twostage.objectives.scored import Scored
from twostage.objectives.smoothing import smoothed_cross_entropy


class Supervised(Scored):
    """Cross entropy on labelled windows, each answered by its own system's head, which stays in stage 1.

    ``classes`` maps a system to its number of classes.
    """

    def __init__(self, config: CustomConfig, network: Network, *, classes: Mapping[int, int]) -> None:
        super().__init__(config, network, classes=classes)
        self.params = params_of(config)

    @staticmethod
    def head(config: CustomConfig, model: ModelConfig, *, classes: Mapping[int, int]) -> nn.Module:
        """The classification head that the document describes."""
        head: nn.Module = build(params_of(config).head, dim=model.dim, classes=classes)
        return head

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Mean cross entropy of the batch; 0-dimensional."""
        logits_BK = self.network(batch.x_BLC, batch.sample_rate_B, batch.system_B, batch.domain_B)
        if part != "train":
            self.scores(part).update(logits_BK.detach(), batch.system_B, batch.label_B)
        return smoothed_cross_entropy(logits_BK, batch.label_B, self.params.label_smoothing)


def params_of(config: CustomConfig) -> configs.Supervised:
    """The plugin's own section."""
    assert isinstance(config.params, configs.Supervised)  # noqa: S101 - chosen by the config's target
    return config.params
