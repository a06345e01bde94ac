"""Several processes that train one stage, and what all of them have seen together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from torch import distributed

Thing = TypeVar("Thing")
_ALONE = ContextVar("alone", default=False)


def several() -> bool:
    """Whether this process is one of several that train a stage together."""
    return (
        distributed.is_available()
        and distributed.is_initialized()
        and distributed.get_world_size() > 1
        and not _ALONE.get()
    )


def everywhere(mine: Sequence[Thing]) -> list[Thing]:
    """What all processes have, in the order of their ranks; every one of them must ask.

    Loaders give each rank the windows that follow those of the one before, so that the order is that of one process.
    """
    if not several():
        return list(mine)
    found: list[list[Thing]] = [[] for _ in range(distributed.get_world_size())]
    distributed.all_gather_object(found, list(mine))
    return [each for theirs in found for each in theirs]


@contextmanager
def alone() -> Iterator[None]:
    """Measure what every process has seen all of, and nothing is to be put together for."""
    token = _ALONE.set(True)
    try:
        yield
    finally:
        _ALONE.reset(token)
