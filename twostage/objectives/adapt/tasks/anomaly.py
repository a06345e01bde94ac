"""Whether something is wrong with the machine.

Legend: B batch, N windows of the batch for which this is known.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torchmetrics.functional.classification import binary_auroc, binary_average_precision

from twostage.components import build
from twostage.config.model import ModelConfig
from twostage.config.stage_2 import tasks as configs
from twostage.config.stage_2.measures import TASKS
from twostage.data.targets import Targets
from twostage.data.windowed import Batch
from twostage.objectives.adapt.tasks.base import Columns, Task


class AnomalyDetection(Task):
    """Binary cross entropy of the log-odds; an anomaly counts ``class_weights[1] / class_weights[0]`` times."""

    name = "anomaly_detection"
    scalars = TASKS["anomaly_detection"]

    def __init__(self, config: configs.AnomalyDetection, *, targets: Targets, classes: Mapping[int, int]) -> None:
        super().__init__(config, targets=targets, classes=classes)
        self.threshold = config.threshold
        normal, anomalous = config.class_weights or (1.0, 1.0)
        self.anomaly_weight = anomalous / normal

    @staticmethod
    def head(
        config: configs.AnomalyDetection,
        model: ModelConfig,  # noqa: ARG004 - the interface
        *,
        dim: int,
        targets: Targets,  # noqa: ARG004
        classes: Mapping[int, int],  # noqa: ARG004
    ) -> nn.Module:
        """One number for each window."""
        head: nn.Module = build(config.head, dim=dim)
        return head

    def target(self, batch: Batch) -> Tensor:
        """1 where something is wrong, else 0 (B,)."""
        assert batch.anomaly_B is not None  # noqa: S101 - the data of this objective have it
        return batch.anomaly_B

    def known(self, batch: Batch) -> Tensor:
        """Windows of which it is known."""
        return ~self.target(batch).isnan()

    def cost(self, answer: Tensor, target: Tensor) -> Tensor:
        """Mean over windows; weights do not change what it is divided by."""
        weight = torch.as_tensor(self.anomaly_weight, dtype=answer.dtype, device=answer.device)
        return binary_cross_entropy_with_logits(answer, target, pos_weight=weight)

    def columns(self, answer: Tensor, target: Tensor) -> Columns:
        """Probability and truth."""
        return {"probability": answer.sigmoid(), "truth": target}

    def told(self, answer: Tensor, batch: Batch) -> Columns:
        """Truth and probability."""
        return {"anomaly": self.target(batch), "anomaly_probability": answer.float().sigmoid()}

    def scores(self, columns: Columns) -> dict[str, float]:
        """Accuracy and F1 of anomalies at the threshold; AUROC and AUPRC (average precision) of the probabilities.

        Without an anomaly there is no F1, and without both kinds neither AUROC nor AUPRC.
        """
        truth_N, probability_N = columns["truth"] == 1.0, columns["probability"]
        alarm_N = probability_N >= self.threshold
        found = {"accuracy": float((alarm_N == truth_N).double().mean())}
        if truth_N.any():
            found["f1"] = 2 * int((alarm_N & truth_N).sum()) / int(alarm_N.sum() + truth_N.sum())
            if not truth_N.all():
                found["auroc"] = float(binary_auroc(probability_N, truth_N.long()))
                found["auprc"] = float(binary_average_precision(probability_N, truth_N.long()))
        return found
