"""An objective that classifies: metrics of every validation and test, logged overall and per system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn

from twostage.config.stage import StageConfig
from twostage.data.recordings import Part
from twostage.models.network import Network
from twostage.objectives.base import Objective
from twostage.objectives.classification import SCALARS, SystemMetrics


class Scored(Objective):
    """``classes`` maps a system to its number of classes; ``loss`` feeds ``scores(part)``."""

    def __init__(self, config: StageConfig, network: Network, *, classes: Mapping[int, int]) -> None:
        super().__init__(config, network)
        self.epoch_metrics = nn.ModuleDict(
            {"validation_metrics": SystemMetrics(classes), "test_metrics": SystemMetrics(classes)}
        )

    def scores(self, part: Part) -> SystemMetrics:
        """The metrics of validation or test."""
        metrics = self.epoch_metrics[f"{part}_metrics"]
        assert isinstance(metrics, SystemMetrics)  # noqa: S101 - put there by the constructor
        return metrics

    def logged(self) -> frozenset[str]:
        """Losses, and each metric overall and per system."""
        systems = self.scores("validation").classes
        scalars = {f"validation/{name}" for name in SCALARS}
        return super().logged() | scalars | {f"{name}/{system}" for name in scalars for system in systems}

    def metrics(self, part: Part) -> Mapping[str, Any]:
        """Accuracy, macro-F1, balanced accuracy, AUROC and confusion matrix of ``part``."""
        return self.scores(part).compute()

    def on_validation_epoch_start(self) -> None:
        """Each epoch counts its own windows alone."""
        super().on_validation_epoch_start()
        self.scores("validation").reset()

    def on_validation_epoch_end(self) -> None:
        """Log every scalar metric, overall and per system."""
        super().on_validation_epoch_end()
        scalars = {name: value for name, value in self.metrics("validation").items() if name.split("/")[0] in SCALARS}
        self.log_dict({f"validation/{name}": value for name, value in scalars.items()})

    def on_test_epoch_start(self) -> None:
        """The test counts its own windows alone."""
        super().on_test_epoch_start()
        self.scores("test").reset()
