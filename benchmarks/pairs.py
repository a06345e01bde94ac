"""Paired timing: A and B in turn, so that a machine that slows down slows both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratio(run: Callable[[], object], reference: Callable[[], object], *, pairs: int = 7) -> tuple[float, float, float]:
    """Median seconds of ``run`` and of ``reference``, and the median ratio pair by pair, after one warm-up each."""
    run(), reference()
    times = [(seconds(run), seconds(reference)) for _ in range(pairs)]
    ours, theirs = zip(*times, strict=True)
    return statistics.median(ours), statistics.median(theirs), statistics.median(a / b for a, b in times)
