"""A recording, a stretch of it, and what is worth saying about a choice of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Part: TypeAlias = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Recording:
    """One continuous acquisition: one row of the metadata table, one array of signals.

    ``system`` is the rig (column Dataset_id), ``domain`` its operating condition, ``bearing`` the physical part.
    ``label`` is the class as the table writes it; None means unlabelled. ``sample_rate`` is in Hz, ``length`` in
    samples. ``rul`` is the remaining life in the table's unit; None means unknown. ``declined`` names the tasks for
    which the table says that the recording is not meant.
    """

    id: int
    system: int
    name: str
    label: int | None
    domain: int | None
    bearing: str | None
    sample_rate: float
    length: int
    channels: int
    rul: float | None = None
    declined: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """The samples ``start <= i < stop`` of the recording with id ``recording``."""

    recording: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a user should know but that does not stop a run. ``code`` is stable, such as ``class-missing``."""

    code: str
    message: str
