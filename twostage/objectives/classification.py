"""Classification metrics of an epoch, per system, computed once over all of its windows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassAUROC,
    MulticlassConfusionMatrix,
    MulticlassF1Score,
)

from twostage.config.stage_2.measures import CLASSIFICATION
from twostage.objectives.ranks import alone, everywhere, several

SCALARS = CLASSIFICATION


def _collection(classes: int) -> MetricCollection:
    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(classes, average="micro", sync_on_compute=False),
            "macro_f1": MulticlassF1Score(classes, average="macro", sync_on_compute=False),
            "auroc": MulticlassAUROC(classes, average=None, sync_on_compute=False),
            "confusion": MulticlassConfusionMatrix(classes, sync_on_compute=False),
        },
        compute_groups=False,
    )


class SystemMetrics(nn.Module):
    """One set of metrics per system; ``classes`` maps a system to its number of classes.

    Balanced accuracy is the mean recall over classes that occur; macro-F1 also counts a class that is only predicted,
    as scikit-learn does. AUROC is one class against the rest; a class without a positive or
    without a negative window has none and is left out of its mean; a system with windows of one class alone has no
    AUROC. Systems without a window have no metrics.
    """

    def __init__(self, classes: Mapping[int, int]) -> None:
        super().__init__()
        self.classes = dict(classes)
        self._sets = nn.ModuleDict({str(system): _collection(count) for system, count in classes.items()})
        self._rows: list[tuple[Tensor, Tensor, Tensor]] = []

    @property
    def sets(self) -> dict[int, MetricCollection]:
        """The metrics of each system."""
        return {int(name): cast("MetricCollection", metrics) for name, metrics in self._sets.items()}

    def update(self, logits_BK: Tensor, system_B: Tensor, label_B: Tensor) -> None:
        """Add windows; columns of ``logits_BK`` beyond a system's classes do not count for it."""
        if several():
            self._rows.append((logits_BK.cpu(), system_B.cpu(), label_B.cpu()))
            return
        for system, count in self.classes.items():
            mine_B = system_B == system
            if mine_B.any():
                probabilities = logits_BK[mine_B, :count].float().softmax(dim=1)
                self.sets[system].update(probabilities, label_B[mine_B])

    def compute(self) -> dict[str, Any]:
        """Scalars by ``name`` (mean over systems) and ``name/system``; ``confusion/system`` is a nested list.

        Of several processes all that they have seen together.
        """
        if several():
            whole, rows = SystemMetrics(self.classes), everywhere(self._rows)
            with alone():
                for row in rows:
                    whole.update(*row)
                return whole.compute()
        found: dict[str, Any] = {}
        seen = {system: metrics for system, metrics in self.sets.items() if metrics["accuracy"].update_called}
        for system, metrics in seen.items():
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="(No positive|No negative|Average precision|Some classes)")
                values = metrics.compute()
            confusion, auroc_K = values.pop("confusion"), values.pop("auroc")
            found[f"confusion/{system}"] = confusion.tolist()
            found[f"windows/{system}"] = int(confusion.sum())
            found[f"majority/{system}"] = float(confusion.sum(dim=1).max() / confusion.sum().clamp(min=1))
            found |= {f"{name}/{system}": float(value) for name, value in values.items()}
            found[f"balanced_accuracy/{system}"] = float(_recalls(confusion).mean())
            if (measured_K := _with_both_kinds(confusion)).any():
                found[f"auroc/{system}"] = float(auroc_K[measured_K].double().mean())
        for name in SCALARS:
            known = [found[f"{name}/{system}"] for system in seen if f"{name}/{system}" in found]
            found |= {name: _mean(known)} if known else {}
        return found

    def reset(self) -> None:
        """Forget all windows."""
        self._rows.clear()
        for metrics in self.sets.values():
            metrics.reset()


def _recalls(confusion: Tensor) -> Tensor:
    """Recall of each class that occurs; the library counts one that is only predicted as a recall of 0."""
    windows = confusion.sum(dim=1)
    return confusion.diag()[windows > 0].double() / windows[windows > 0]


def _with_both_kinds(confusion: Tensor) -> Tensor:
    """Which classes have windows and are not alone (K,); the library gives all others an AUROC of 0."""
    windows_K = confusion.sum(dim=1)
    return (windows_K > 0) & (windows_K < windows_K.sum())


def _mean(values: list[float]) -> float:
    return float(torch.tensor(values, dtype=torch.float64).mean())
