"""What every task shares: windows without its target do not count, and an epoch is measured once, over all windows.

Legend: B batch, N windows of the batch that have a target.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from statistics import fmean
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from twostage.config.stage_2 import TaskName
from twostage.config.stage_2 import tasks as configs
from twostage.data.recordings import PARTS, Part
from twostage.data.targets import Targets
from twostage.data.windowed import Batch, WindowDataset
from twostage.objectives.ranks import everywhere

Columns = dict[str, Tensor]


class Epoch:
    """What the windows of an epoch have cost, and columns of what is needed to measure them.

    Of several processes all that they have seen together; each of them must ask.
    """

    def __init__(self) -> None:
        self._rows: list[Columns] = []
        self._costs: list[Tensor] = []
        self._counts: list[int] = []

    def add(self, cost: Tensor, count: int, columns: Mapping[str, Tensor]) -> None:
        """Add ``count`` windows: their mean cost, and columns of one value each."""
        self._costs.append(cost.detach())
        self._counts.append(count)
        self._rows.append({name: column.detach() for name, column in columns.items()})

    @property
    def windows(self) -> int:
        """How many windows have had a target."""
        return sum(everywhere(self._counts))

    @property
    def cost(self) -> float:
        """Mean cost of all windows, whatever batches they came in; there must be some."""
        mine = torch.stack(self._costs).double().tolist() if self._costs else []
        costs = torch.tensor(everywhere(mine), dtype=torch.float64)
        counts = torch.tensor(everywhere(self._counts), dtype=torch.float64)
        return float((costs * counts).sum() / counts.sum())

    def columns(self) -> Columns:
        """The columns of the whole epoch in double precision; empty before the first window."""
        rows = everywhere([{name: column.cpu().double() for name, column in row.items()} for row in self._rows])
        return {name: torch.cat([row[name] for row in rows]) for name in (rows[0] if rows else {})}


class Task(nn.Module):
    """One question about windows. ``weight`` is the factor of its loss in the sum over tasks."""

    name: ClassVar[TaskName]
    scalars: ClassVar[tuple[str, ...]]
    # Kendall, Gal and Cipolla 2018: a squared error is half as much of a log-likelihood as a cross entropy.
    likelihood: ClassVar[float] = 1.0
    hidden: int = 0  # samples at the end of a window that the encoder must not see

    def __init__(self, config: configs.Task, *, targets: Targets, classes: Mapping[int, int]) -> None:
        super().__init__()
        self.weight = config.weight
        self.systems, self.classes = targets.systems, dict(classes)
        self.epochs: dict[Part, Epoch] = {part: Epoch() for part in PARTS}

    @abstractmethod
    def target(self, batch: Batch) -> Tensor:
        """What the answers of the batch should be."""

    @abstractmethod
    def known(self, batch: Batch) -> Tensor:
        """Which windows have a target, as booleans (B,)."""

    @abstractmethod
    def cost(self, answer: Tensor, target: Tensor) -> Tensor:
        """Mean loss of windows that all have a target; 0-dimensional."""

    def cost_of(self, answer: Tensor, target: Tensor, system_N: Tensor) -> Tensor:  # noqa: ARG002 - the interface
        """The same, where it also depends on the systems of the windows."""
        return self.cost(answer, target)

    def meet(self, windows: WindowDataset) -> None:
        """See the training windows before training."""

    @abstractmethod
    def columns(self, answer: Tensor, target: Tensor) -> Columns:
        """What is kept of windows that all have a target, each of shape (N,)."""

    @abstractmethod
    def told(self, answer: Tensor, batch: Batch) -> Columns:
        """What is written down of each window (B,), true and answered; NaN where it has no target."""

    @abstractmethod
    def scores(self, columns: Columns) -> dict[str, float]:
        """Metrics of the windows of one system; those that are undefined are left out."""

    def forward(self, answer: Tensor, batch: Batch, part: Part) -> Tensor | None:
        """Mean loss of the windows that have a target, None where none has; also feeds the metrics of ``part``."""
        known_B = self.known(batch)
        if not known_B.any():
            return None
        mine, target, system_N = answer[known_B].float(), self.target(batch)[known_B], batch.system_B[known_B]
        cost = self.cost_of(mine, target, system_N)
        self._keep(part, cost, mine, target, system_N)
        return cost

    def begin(self, part: Part) -> None:
        """Forget the windows of ``part``."""
        self.epochs[part] = Epoch()

    def logged(self) -> frozenset[str]:
        """Names of metrics that can select a checkpoint, without the part."""
        return frozenset(
            {f"{self.name}/loss"}
            | {f"{self.name}/{scalar}" for scalar in self.scalars}
            | {f"{self.name}/{scalar}/{system}" for scalar in self.scalars for system in self.systems}
        )

    def metrics(self, part: Part) -> dict[str, Any]:
        """Metrics of the epoch: ``task/metric`` is the mean over systems, ``task/metric/system`` that of one."""
        columns = self.epochs[part].columns()
        if not columns:
            return {}
        system_N = columns.pop("system")
        found: dict[str, Any] = {f"{self.name}/loss": self.epochs[part].cost}
        by_system = {int(system): system_N == system for system in sorted(set(system_N.tolist()))}
        scores = {id_: self.scores({k: v[mine_N] for k, v in columns.items()}) for id_, mine_N in by_system.items()}
        for id_, mine_N in by_system.items():
            found[f"{self.name}/windows/{id_}"] = int(mine_N.sum())
            found |= {f"{self.name}/{metric}/{id_}": value for metric, value in scores[id_].items()}
        for metric in self.scalars:
            values = [each[metric] for each in scores.values() if metric in each]
            found |= {f"{self.name}/{metric}": fmean(values)} if values else {}
        return found

    def _keep(self, part: Part, cost: Tensor, answer: Tensor, target: Tensor, system_N: Tensor) -> None:
        kept = {} if part == "train" else self.columns(answer.detach(), target) | {"system": system_N}
        self.epochs[part].add(cost, len(system_N), kept)
