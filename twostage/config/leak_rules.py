"""The split whose parts share samples: who may have it."""

from __future__ import annotations

from collections.abc import Sequence

from twostage.config.carrier import LegacyCarrier
from twostage.config.splits import AsExecutedSplit, Split


def accidental_leak(legacy: LegacyCarrier | None, splits: Sequence[Split]) -> str | None:
    """Say why a document may not have such a split, or None. ``splits`` are those of its stages."""
    leaking = [isinstance(split, AsExecutedSplit) for split in splits]
    if not any(leaking):
        return None
    if legacy is None or legacy.reading != "as_executed":
        return (
            "split.unit as_executed validates and tests on training samples; only a document that was converted with "
            "--reading as_executed may have it; choose another unit"
        )
    if not all(leaking):
        return "split.unit is as_executed in one stage only; write it in both, or in none"
    return None
