"""The source: a catalogue that costs nothing, and signals that are made when they are first needed."""

from __future__ import annotations

from collections.abc import Sequence

from twostage.config.source import SyntheticSource as SyntheticConfig
from twostage.data.recordings import Recording
from twostage.data.signals import Extent, SignalBank
from twostage.data.sources.synthetic.rigs import DESIGNS, rig_of
from twostage.data.sources.synthetic.specimens import recordings_of
from twostage.data.sources.synthetic.stored import stored
from twostage.errors import DataError


class SyntheticSource:
    """Recordings of seven simulated rigs, the same for the same seed whichever rigs are chosen."""

    def __init__(self, config: SyntheticConfig) -> None:
        self.config = config

    @property
    def name(self) -> str:
        """Short name for folders and tables."""
        return "synthetic"

    def catalogue(self, systems: Sequence[int] | None) -> tuple[Recording, ...]:
        """The recordings of these systems (None: all of the document), sorted by id; makes no signal.

        Raises DataError for a system that does not exist or that the document leaves out.
        """
        written = self.config.systems
        chosen = tuple(systems) if systems is not None else written or tuple(DESIGNS)
        if written is not None:
            self._require(chosen, written, "the synthetic source of this document")
        if min((*chosen, *(written or ()))) < 1:
            raise DataError("systems of the synthetic source count from 1")
        return tuple(row for system in sorted(set(chosen)) for row in recordings_of(rig_of(system), self.config))

    def open(self, recordings: Sequence[Recording]) -> SignalBank:
        """Map the signals of these recordings; row i is ``recordings[i]``. Raises DataError.

        The rigs of these recordings are generated into the user's cache folder unless they are there.
        """
        systems = sorted({recording.system for recording in recordings})
        rows = {system: self.catalogue([system]) for system in systems}
        files = tuple(stored(rig_of(system), self.config, len(rows[system])) for system in systems)
        extents = {
            row: Extent(file, position * row.length, row.length, row.channels)
            for file, system in enumerate(systems)
            for position, row in enumerate(rows[system])
        }
        foreign = [recording.id for recording in recordings if recording not in extents]
        if foreign:
            raise DataError(f"the synthetic source of this document has no such recordings: Id {foreign[:8]}")
        return SignalBank(files, tuple(extents[recording] for recording in recordings))

    @staticmethod
    def _require(wanted: Sequence[int], there: Sequence[int], where: str) -> None:
        absent = sorted(set(wanted) - set(there))
        if absent:
            raise DataError(f"{where} has no systems {absent}; it has {sorted(set(there))}")
