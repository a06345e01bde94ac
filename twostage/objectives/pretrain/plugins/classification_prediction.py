"""Classification and prediction at once: classes from whole windows, hidden samples from what is left of them.

Legend: B batch, P patches, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from twostage.config.model import ModelConfig
from twostage.config.stage_1 import CustomConfig
from twostage.config.stage_1 import plugins as configs
from twostage.data.recordings import Part
from twostage.data.windowed import Batch
from twostage.models.heads.reconstruction import ReconstructionHead
from twostage.models.network import Network
from twostage.objectives.pretrain.plugins.supervised import Supervised
from twostage.objectives.pretrain.restoration import SCORES, Restoration


class TwoHeads(nn.Module):
    """A classification head, and a reconstruction head beside it."""

    def __init__(self, classification: nn.Module, reconstruction: nn.Module) -> None:
        super().__init__()
        self.classification, self.reconstruction = classification, reconstruction

    def forward(self, tokens_BPD: Tensor, system_B: Tensor) -> Tensor:
        """Logits (B, K) of the classification."""
        logits_BK: Tensor = self.classification(tokens_BPD, system_B)
        return logits_BK


class ClassificationPrediction(Supervised):
    """Cross entropy + ``alpha_prediction`` x mean squared error of hidden samples, in two passes over the same windows.

    The pretraining of PHM-Vibench with the tasks classification and prediction: samples are hidden anywhere
    (``mask_ratio``) and at the end of the window (``forecast_part``).
    """

    def __init__(self, config: CustomConfig, network: Network, *, classes: Mapping[int, int]) -> None:
        super().__init__(config, network, classes=classes)
        self.restoration = Restoration(self._params.mask, "mse")

    @staticmethod
    def head(config: CustomConfig, model: ModelConfig, *, classes: Mapping[int, int]) -> TwoHeads:
        """Both heads; neither is handed on."""
        return TwoHeads(Supervised.head(config, model, classes=classes), ReconstructionHead(model.patched))

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Weighted sum of both losses; 0-dimensional."""
        classification = super().loss(batch, part)
        restore = self.network.head.reconstruction
        assert isinstance(restore, ReconstructionHead)  # noqa: S101 - see head
        prediction: Tensor = self.restoration(self.network, restore, batch, part)
        return classification + self._params.alpha_prediction * prediction

    def logged(self) -> frozenset[str]:
        """What a classification logs, and how well hidden samples of the validation part are restored."""
        return super().logged() | {f"validation/{name}" for name in SCORES}

    def metrics(self, part: Part) -> Mapping[str, Any]:
        """Metrics of the classification and, in validation, of the restoration."""
        restored = self.restoration.scores() if part == "validation" else {}
        return {**super().metrics(part), **restored}

    def on_validation_epoch_start(self) -> None:
        """Each epoch counts its own windows alone, and hides the same of them."""
        super().on_validation_epoch_start()
        self.restoration.restart()

    def on_validation_epoch_end(self) -> None:
        """Log what the epoch has classified and restored."""
        super().on_validation_epoch_end()
        self.log_dict({f"validation/{name}": value for name, value in self.restoration.scores().items()})

    @property
    def _params(self) -> configs.ClassificationPrediction:
        assert isinstance(self.params, configs.ClassificationPrediction)  # noqa: S101 - chosen by the config's target
        return self.params
