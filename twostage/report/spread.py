"""Mean and standard deviation over repeats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, stdev


@dataclass(frozen=True)
class Spread:
    """Mean over seeds and repeats; ``sd`` is the sample standard deviation, None for a single training."""

    mean: float
    sd: float | None

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread | None:
        """The spread of these values; None where there are none."""
        found = list(values)
        return cls(fmean(found), stdev(found) if len(found) > 1 else None) if found else None
