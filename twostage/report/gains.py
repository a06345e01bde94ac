"""Stage 2 beside its control: one row per target system, over all seeds and repeats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twostage.report.manifest import StageEntry
from twostage.report.metrics import LEADING, SHOWN, Metric
from twostage.report.spread import Spread

_Target = tuple[tuple[int, ...], tuple[str, ...]]


@dataclass(frozen=True)
class Row:
    """Test results of one system, by name of the metric. A spread is None where that start did not run.

    ``target`` names the systems that it was adapted with, and ``tasks`` the tasks, where it stands in several targets;
    else they are empty. ``majority`` is None where nothing is classified.
    """

    system: int
    target: tuple[int, ...]
    tasks: tuple[str, ...]
    windows: int
    majority: float | None
    pretrained: dict[str, Spread | None]
    scratch: dict[str, Spread | None]

    @property
    def metrics(self) -> list[Metric]:
        """What was measured, in the order of tables."""
        return [metric for metric in SHOWN if metric.name in self.pretrained]

    @property
    def leading(self) -> Metric | None:
        """The metric that stands for all; None where none is known."""
        return next((metric for metric in LEADING if metric.name in self.pretrained), None)

    @property
    def name(self) -> str:
        """The system, and what sets its target apart."""
        alone = self.tasks and len(self.target) == 1  # the tasks set it apart
        beside = f" of {' '.join(map(str, self.target))}" if self.target and not alone else ""
        return f"{self.system}{beside}" + (f" ({', '.join(self.tasks)})" if self.tasks else "")


def rows(stages: Sequence[StageEntry]) -> list[Row]:
    """One row per tested system and target, in the order of the document; of stages that repeat one another."""
    tested = dict.fromkeys((_target(stage), system) for stage in stages for system in _tested(stage))
    often = {system for _, system in tested if sum(system == other for _, other in tested) > 1}
    return [
        _row(system, target if system in often else ((), ()), [stage for stage in stages if _target(stage) == target])
        for target, system in tested
    ]


def _target(stage: StageEntry) -> _Target:
    return stage.systems, stage.tasks


def _tested(stage: StageEntry) -> list[int]:
    """Systems with test windows; of a held-out system's training systems there are none."""
    return [system for system in stage.systems if any(_windows(stage, system))]


def _windows(stage: StageEntry, system: int) -> Iterator[float]:
    """Test windows of a system, of the whole adaptation and of each of its tasks."""
    for name, value in stage.metrics.items():
        if name.startswith("test/") and name.endswith(f"/windows/{system}"):
            yield value


def _row(system: int, target: _Target, stages: Sequence[StageEntry]) -> Row:
    measured = [metric.name for metric in SHOWN if any(f"test/{metric.name}/{system}" in s.metrics for s in stages)]

    def spreads(variant: str) -> dict[str, Spread | None]:
        mine = [stage.metrics for stage in stages if stage.variant == variant]
        keys = {name: f"test/{name}/{system}" for name in measured}
        return {name: Spread.of(found[key] for found in mine if key in found) for name, key in keys.items()}

    return Row(
        system=system,
        target=target[0],
        tasks=target[1],
        windows=int(max(_windows(stages[0], system))),
        majority=stages[0].metrics.get(f"test/majority/{system}"),
        pretrained=spreads("pretrained"),
        scratch=spreads("from_scratch"),
    )
