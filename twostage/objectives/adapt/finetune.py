"""Fine-tuning: a classification head on the encoder, and as much of the encoder as is not frozen.

Legend: B batch, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_2 import FinetuneConfig
from twostage.data.recordings import Notice, Part, Recording
from twostage.data.windowed import Batch, WindowDataset
from twostage.data.windows import WindowIndex
from twostage.models.network import Network
from twostage.objectives.adapt.encoder import EncoderObjective
from twostage.objectives.adapt.monitors import refuse_blind_monitor
from twostage.objectives.answers import logits_of
from twostage.objectives.class_weights import ClassWeighting, refuse_misfit_weights
from twostage.objectives.classification import SCALARS, SystemMetrics
from twostage.objectives.smoothing import smoothed_cross_entropy


class Finetune(EncoderObjective):
    """Cross entropy on labelled windows. ``classes`` maps a system to its number of classes."""

    def __init__(self, config: FinetuneConfig, network: Network, *, classes: Mapping[int, int]) -> None:
        super().__init__(config, network)
        self.adaptation = config
        self.class_weights = ClassWeighting(config.class_weights, classes)
        self.epoch_metrics = nn.ModuleDict(
            {"validation_metrics": SystemMetrics(classes), "test_metrics": SystemMetrics(classes)}
        )

    @staticmethod
    def head(config: FinetuneConfig, model: ModelConfig, *, classes: Mapping[int, int]) -> nn.Module:
        """The classification head that this objective needs."""
        head: nn.Module = build(config.head, dim=model.dim, classes=classes)
        return head

    @staticmethod
    def examine(
        config: FinetuneConfig,
        recordings: Sequence[Recording],
        windows: Mapping[Part, WindowIndex],
    ) -> tuple[Notice, ...]:
        """Nothing to say. Raises DataError where class weights do not fit, or the monitor would be undefined."""
        refuse_blind_monitor(config.checkpoint.monitor, recordings, windows["validation"])
        refuse_misfit_weights(config.class_weights, recordings, shared=config.head.share == "shared")
        return ()

    def meet(self, windows: WindowDataset) -> None:
        """Count the classes of the training windows."""
        self.class_weights.meet(windows)

    def logged(self) -> frozenset[str]:
        """Losses, and each metric overall and per system."""
        systems = self._metrics("validation").classes
        scalars = {f"validation/{name}" for name in SCALARS}
        return super().logged() | scalars | {f"{name}/{system}" for name in scalars for system in systems}

    def loss(self, batch: Batch, part: Part) -> Tensor:
        """Mean cross entropy of the batch; each window is answered by its own system's head."""
        _, seen = self.spoiled(batch, part)
        logits_BK = self.network(seen.x_BLC, batch.sample_rate_B, batch.system_B, batch.domain_B)
        if part != "train":
            self._metrics(part).update(logits_BK.detach(), batch.system_B, batch.label_B)
        if part == "test":
            told = {"recording": batch.recording_B, "system": batch.system_B, "class": batch.label_B}
            self.told.add(told | logits_of(logits_BK))
        weight_B = self.class_weights(batch.system_B, batch.label_B)
        return smoothed_cross_entropy(logits_BK, batch.label_B, self.adaptation.label_smoothing, weight_B)

    def metrics(self, part: Part) -> Mapping[str, Any]:
        """Accuracy, macro-F1, balanced accuracy, AUROC and confusion matrix of ``part``."""
        return self._metrics(part).compute()

    def on_validation_epoch_start(self) -> None:
        """Each epoch counts its own windows alone."""
        super().on_validation_epoch_start()
        self._metrics("validation").reset()

    def on_validation_epoch_end(self) -> None:
        """Log every scalar metric, overall and per system."""
        super().on_validation_epoch_end()
        scalars = {name: value for name, value in self.metrics("validation").items() if name.split("/")[0] in SCALARS}
        self.log_dict({f"validation/{name}": value for name, value in scalars.items()})

    def on_test_epoch_start(self) -> None:
        """The test counts its own windows alone."""
        super().on_test_epoch_start()
        self._metrics("test").reset()

    def _metrics(self, part: Part) -> SystemMetrics:
        metrics = self.epoch_metrics[f"{part}_metrics"]
        assert isinstance(metrics, SystemMetrics)  # noqa: S101 - put there by the constructor
        return metrics
