"""Which keys counted in the last version of the old code, for documents that repeat what it did."""

from __future__ import annotations

from functools import cache

from twostage.legacy.effects.lookup import effect_of

# Read under a condition that no document meets which can be converted: by models that are not here, or only checked.
_ELSEWHERE = {"model.n_heads", "model.n_layers", "model.projection_dim", "model.individual"}


@cache
def counted(key: str) -> bool:
    """Whether the last version read a key and it mattered. Keys that nobody knows did not."""
    return effect_of(key).status in {"live", "partly"} and key not in _ELSEWHERE
