"""Heads against the tokens that the model gives them."""

from __future__ import annotations

from collections.abc import Iterator

from twostage.config.base import Section
from twostage.config.model.heads import DistanceHead, LinearHead


def head_misfit(name: str, stage: Section | None, *, dim: int) -> str | None:
    """Say which classification head of a stage cannot work on tokens of ``dim`` features, and why; or None."""
    reasons = (head.misfit(dim=dim, at=key) for key, head in _heads(name, stage))
    return next((reason for reason in reasons if reason), None)


def _heads(key: str, section: object) -> Iterator[tuple[str, LinearHead | DistanceHead]]:
    """Every classification head below ``section``, with its dotted key."""
    if isinstance(section, LinearHead | DistanceHead):
        yield key, section
    elif isinstance(section, Section):
        for name, value in section:
            yield from _heads(f"{key}.{name}", value)
