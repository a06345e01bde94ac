"""Which fault a window shows.

Legend: B batch, N windows of the batch that have a class, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_2 import tasks as configs
from twostage.data.labels import UNLABELLED
from twostage.data.recordings import Part
from twostage.data.targets import Targets
from twostage.data.windowed import Batch, WindowDataset
from twostage.objectives.adapt.tasks.base import Columns, Task
from twostage.objectives.answers import logits_of
from twostage.objectives.class_weights import ClassWeighting
from twostage.objectives.classification import SCALARS, SystemMetrics
from twostage.objectives.smoothing import smoothed_cross_entropy


class Classification(Task):
    """Cross entropy over the classes of the window's system. Metrics have the names that they have in fine-tuning."""

    name = "classification"
    scalars = SCALARS

    def __init__(self, config: configs.Classification, *, targets: Targets, classes: Mapping[int, int]) -> None:
        super().__init__(config, targets=targets, classes=classes)
        self.label_smoothing = config.label_smoothing
        self.class_weights = ClassWeighting(config.class_weights, classes)
        self.counted = nn.ModuleDict({f"{part}_metrics": SystemMetrics(classes) for part in ("validation", "test")})

    @staticmethod
    def head(
        config: configs.Classification,
        model: ModelConfig,  # noqa: ARG004 - the interface
        *,
        dim: int,
        targets: Targets,  # noqa: ARG004
        classes: Mapping[int, int],
    ) -> nn.Module:
        """The written head, one answer for each class of each system."""
        head: nn.Module = build(config.head, dim=dim, classes=classes)
        return head

    def target(self, batch: Batch) -> Tensor:
        """Class indices (B,)."""
        return batch.label_B

    def known(self, batch: Batch) -> Tensor:
        """Windows with a class."""
        return batch.label_B != UNLABELLED

    def cost(self, answer: Tensor, target: Tensor) -> Tensor:
        """Mean cross entropy of logits (N, K)."""
        return smoothed_cross_entropy(answer, target, self.label_smoothing)

    def cost_of(self, answer: Tensor, target: Tensor, system_N: Tensor) -> Tensor:
        """The same with class weights, which each system has of its own."""
        return smoothed_cross_entropy(answer, target, self.label_smoothing, self.class_weights(system_N, target))

    def meet(self, windows: WindowDataset) -> None:
        """Count the classes of the training windows."""
        self.class_weights.meet(windows)

    def columns(self, answer: Tensor, target: Tensor) -> Columns:  # noqa: ARG002 - the interface
        """Nothing: the metrics count for themselves."""
        return {}

    def told(self, answer: Tensor, batch: Batch) -> Columns:
        """Class indices and the logits of all classes."""
        return {"class": batch.label_B, **logits_of(answer)}

    def scores(self, columns: Columns) -> dict[str, float]:  # noqa: ARG002 - the interface
        """Nothing, as above."""
        return {}

    def begin(self, part: Part) -> None:
        """Forget the windows of ``part``."""
        super().begin(part)
        if part != "train":
            self._metrics(part).reset()

    def logged(self) -> frozenset[str]:
        """The names of fine-tuning, without the part, and the task's loss."""
        per_system = {f"{scalar}/{system}" for scalar in SCALARS for system in self.classes}
        return frozenset({f"{self.name}/loss", *SCALARS} | per_system)

    def metrics(self, part: Part) -> dict[str, Any]:
        """Accuracy, macro-F1, balanced accuracy, AUROC and confusion matrix, as in fine-tuning; and the task's loss."""
        if not self.epochs[part].windows:
            return {}
        return {f"{self.name}/loss": self.epochs[part].cost, **self._metrics(part).compute()}

    def _keep(self, part: Part, cost: Tensor, answer: Tensor, target: Tensor, system_N: Tensor) -> None:
        super()._keep(part, cost, answer, target, system_N)
        if part != "train":
            self._metrics(part).update(answer.detach(), system_N, target)

    def _metrics(self, part: Part) -> SystemMetrics:
        metrics = self.counted[f"{part}_metrics"]
        assert isinstance(metrics, SystemMetrics)  # noqa: S101 - put there by the constructor
        return metrics
