"""How much a window counts in a loss, by its class.

Legend: B batch, S systems, K classes (the largest count of all systems).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from twostage.config.stage_2.class_weights import ClassWeights
from twostage.data.labels import UNLABELLED
from twostage.data.recordings import Recording
from twostage.data.targets import fault_class
from twostage.data.windowed import WindowDataset
from twostage.errors import DataError


class ClassWeighting(nn.Module):
    """The weight of each window; over the training windows of a system the mean weight is 1.

    So weights change what counts, and not how large the loss is. ``classes`` maps a system to its number of classes.
    """

    weight_SK: Tensor
    system_S: Tensor

    def __init__(self, written: ClassWeights | None, classes: Mapping[int, int]) -> None:
        super().__init__()
        self.written, self.classes = written, dict(sorted(classes.items()))
        _refuse_misfit(written, self.classes)
        systems, width = list(self.classes), max(self.classes.values(), default=1)
        # Not saved: the training windows say the same again.
        self.register_buffer("system_S", torch.tensor(systems, dtype=torch.int64), persistent=False)
        self.register_buffer("weight_SK", torch.ones(len(systems), width), persistent=False)

    def meet(self, windows: WindowDataset) -> None:
        """Count the training windows of each class."""
        if self.written is None:
            return
        rows = windows.index.rows
        system_W, label_W = windows.systems[rows], windows.classes[rows]
        for place, (system, width) in enumerate(self.classes.items()):
            mine_W = label_W[(system_W == system) & (label_W != UNLABELLED)]
            count_K = torch.from_numpy(np.bincount(mine_W, minlength=width)).double()
            self.weight_SK[place, :width] = self._weights(count_K).float()

    def forward(self, system_B: Tensor, label_B: Tensor) -> Tensor | None:
        """The weights (B,), or None where every window counts alike."""
        if self.written is None:
            return None
        weight_B: Tensor = self.weight_SK[torch.searchsorted(self.system_S, system_B), label_B]
        return weight_B

    def _weights(self, count_K: Tensor) -> Tensor:
        """Weights whose mean over the windows that were counted is 1."""
        wanted_K = 1.0 / count_K.clamp(min=1.0) if self.written == "balanced" else torch.tensor(self.written).double()
        return wanted_K * count_K.sum() / (wanted_K * count_K).sum().clamp(min=1e-12)


def refuse_misfit_weights(written: ClassWeights | None, recordings: Sequence[Recording], *, shared: bool) -> None:
    """Raise DataError for weights that are not as many as the classes of some system of these recordings.

    A system with one class alone has nothing to tell apart, and so no layer and no weights.
    """
    found: dict[int, set[float]] = {}
    for recording in recordings:
        label = fault_class(recording)
        found.setdefault(recording.system, set()).update(() if label is None else (label,))
    union = len(set().union(*found.values()))
    counts = {system: union if shared else len(labels) for system, labels in found.items()}
    _refuse_misfit(written, {system: count for system, count in counts.items() if count > 1})


def _refuse_misfit(written: ClassWeights | None, classes: Mapping[int, int]) -> None:
    for system, count in classes.items():
        if written is not None and written != "balanced" and len(written) != count:
            raise DataError(
                f"class_weights has {len(written)} numbers, but system {system} has {count} classes; write one for "
                "each class, in the order of the labels, or balanced"
            )
