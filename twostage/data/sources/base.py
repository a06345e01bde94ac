"""What a source of recordings promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twostage.data.recordings import Recording
from twostage.data.signals import SignalBank


class Source(Protocol):
    """Finds recordings (cheap, reads no signal) and opens the signals of those that are needed."""

    @property
    def name(self) -> str:
        """Short name for folders and tables, such as the stem of the metadata file."""
        ...

    def catalogue(self, systems: Sequence[int] | None) -> tuple[Recording, ...]:
        """List the recordings of these systems (None: all), sorted by id. Raises DataError with a full sentence."""
        ...

    def open(self, recordings: Sequence[Recording]) -> SignalBank:
        """Map the signals of these recordings; row i of the bank is ``recordings[i]``. Raises DataError."""
        ...
