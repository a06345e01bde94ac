"""Stage 2 beside its control: one row per target system, over all seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from twostage.report.manifest import StageEntry

SHOWN = ("accuracy", "macro_f1")


@dataclass(frozen=True)
class Spread:
    """Mean over seeds; ``sd`` is the sample standard deviation, None for a single seed."""

    mean: float
    sd: float | None

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """The spread of these values; None where there are none."""
        found = list(values)
        return cls(fmean(found), stdev(found) if len(found) > 1 else None) if found else None


@dataclass(frozen=True)
class Row:
    """Test results of one system. A spread is None where that variant did not run.

    ``target`` names the systems that it was adapted with, where it stands in several targets; else it is empty.
    """

    system: int
    target: tuple[int, ...]
    windows: int
    majority: float
    pretrained: dict[str, Spread | None]
    scratch: dict[str, Spread | None]


def rows(stages: Sequence[StageEntry]) -> list[Row]:
    """One row per tested system and target, in the order of the document."""
    tested = dict.fromkeys((stage.systems, system) for stage in stages for system in _tested(stage))
    often = {system for _, system in tested if sum(system == other for _, other in tested) > 1}
    return [
        _row(system, target if system in often else (), [stage for stage in stages if stage.systems == target])
        for target, system in tested
    ]


def _tested(stage: StageEntry) -> list[int]:
    """Systems with test windows; of a held-out system's training systems there are none."""
    return [system for system in stage.systems if stage.metrics.get(f"test/windows/{system}")]


def _row(system: int, target: tuple[int, ...], stages: Sequence[StageEntry]) -> Row:
    def spreads(variant: str) -> dict[str, Spread | None]:
        mine = [stage.metrics for stage in stages if stage.variant == variant]
        return {name: Spread.of(metrics[f"test/{name}/{system}"] for metrics in mine) for name in SHOWN}

    return Row(
        system=system,
        target=target,
        windows=int(stages[0].metrics[f"test/windows/{system}"]),
        majority=stages[0].metrics[f"test/majority/{system}"],
        pretrained=spreads("pretrained"),
        scratch=spreads("from_scratch"),
    )
