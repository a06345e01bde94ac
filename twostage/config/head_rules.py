"""Heads against the tokens that the model gives them."""

from __future__ import annotations

from collections.abc import Iterator

from twostage.config.base import Section
from twostage.config.model import ModelConfig
from twostage.config.model.heads import DistanceHead, LinearHead


def head_misfit(name: str, stage: Section | None, model: ModelConfig) -> str | None:
    """Say which classification head of a stage cannot work on the tokens of ``model``, and why; or None."""
    trunk = getattr(stage, "trunk", None)
    for key, head in heads_below(name, stage):
        if trunk is not None:
            if head.misfit(dim=trunk.hidden, at=key):
                return f"the heads of {key} cannot share {name}.trunk.hidden ({trunk.hidden}) evenly; choose a multiple"
            continue
        reason = head.misfit(dim=model.dim, at=key)
        if reason and model.complete is not None:
            return (
                f"model.network ({model.network.kind}) gives {model.dim} features, which the heads of {key} cannot "
                "share evenly; choose another number of heads, or head kind linear"
            )
        if reason:
            return reason
    return None


def heads_below(key: str, section: object) -> Iterator[tuple[str, LinearHead | DistanceHead]]:
    """Every classification head below ``section``, with its dotted key."""
    if isinstance(section, LinearHead | DistanceHead):
        yield key, section
    elif isinstance(section, Section):
        for name, value in vars(section).items():
            yield from heads_below(f"{key}.{name}", value)
