"""How the signal goes on.

Legend: B batch, L length, C channels, T forecast samples.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_2 import tasks as configs
from twostage.config.stage_2.measures import TASKS
from twostage.data.targets import Targets
from twostage.data.windowed import Batch
from twostage.objectives.adapt.tasks.base import Columns, Task
from twostage.objectives.pretrain.restoration import correlations


class SignalPrediction(Task):
    """Squared error of a window's end, which the encoder sees as zeros, as the windows are scaled."""

    name = "signal_prediction"
    scalars = TASKS["signal_prediction"]
    likelihood = 0.5

    def __init__(self, config: configs.SignalPrediction, *, targets: Targets, classes: Mapping[int, int]) -> None:
        super().__init__(config, targets=targets, classes=classes)
        self.hidden = config.length

    @staticmethod
    def head(
        config: configs.SignalPrediction,
        model: ModelConfig,
        *,
        dim: int,
        targets: Targets,
        classes: Mapping[int, int],  # noqa: ARG004 - the interface
    ) -> nn.Module:
        """All samples of the end, in every channel."""
        sizes = {"patches": model.patches, "length": config.length, "channels": targets.channels}
        head: nn.Module = build(config.head, dim=dim, **sizes)
        return head

    def target(self, batch: Batch) -> Tensor:
        """The end of each window (B, T, C)."""
        return batch.x_BLC[:, -self.hidden :]

    def known(self, batch: Batch) -> Tensor:
        """All windows."""
        return torch.ones(len(batch.x_BLC), dtype=torch.bool, device=batch.x_BLC.device)

    def cost(self, answer: Tensor, target: Tensor) -> Tensor:
        """Mean squared error over samples, channels and windows."""
        return mse_loss(answer, target)

    def columns(self, answer: Tensor, target: Tensor) -> Columns:
        """Errors of each window, and Pearson's correlation with its end; NaN where the end is constant."""
        error_BTC = answer - target
        correlation_B, defined_B = correlations(answer, target, torch.ones_like(target))
        return {
            "mse": error_BTC.square().flatten(1).mean(dim=1),
            "mae": error_BTC.abs().flatten(1).mean(dim=1),
            "correlation": torch.where(defined_B > 0, correlation_B, torch.nan),
        }

    def told(self, answer: Tensor, batch: Batch) -> Columns:
        """Errors of the forecast."""
        found = self.columns(answer.float(), self.target(batch))
        return {f"forecast_{name}": column_B for name, column_B in found.items()}

    def scores(self, columns: Columns) -> dict[str, float]:
        """Means over windows."""
        means = {name: float(column_N.nanmean()) for name, column_N in columns.items()}
        return {name: value for name, value in means.items() if value == value}  # noqa: PLR0124 - not a number
