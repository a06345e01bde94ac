"""The source: rows of the metadata table, lengths and signals from the HDF5 files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from twostage.config.source import PhmVibenchSource as PhmVibenchConfig
from twostage.data.recordings import Recording
from twostage.data.signals import SignalBank
from twostage.data.sources.phm_vibench.bank import build_bank
from twostage.data.sources.phm_vibench.metadata import Row, read_metadata
from twostage.data.sources.phm_vibench.storage import Stored, locate
from twostage.errors import DataError


class PhmVibenchSource:
    """Recordings of ``root/metadata`` whose signals lie in ``root/{Name}.h5`` or ``root/cache.h5``.

    Length and channels come from the arrays; what the table says about them is not used.
    """

    def __init__(self, config: PhmVibenchConfig) -> None:
        self.root = Path(config.root).expanduser()
        self.table = self.root / config.metadata
        self._stored: dict[int, Stored] = {}

    @property
    def name(self) -> str:
        """The metadata file without its suffix."""
        return self.table.stem

    def catalogue(self, systems: Sequence[int] | None) -> tuple[Recording, ...]:
        """The recordings of these systems (None: all), sorted by id; reads the table and the HDF5 headers.

        Raises DataError for a table that cannot be read, a system it does not hold, or a signal that is not there.
        """
        rows = _of_systems(read_metadata(self.table), systems, self.table)
        self._find({row.id: row.name for row in rows})
        return tuple(_recording(row, self._stored[row.id]) for row in sorted(rows, key=lambda row: row.id))

    def open(self, recordings: Sequence[Recording]) -> SignalBank:
        """Map the signals of these recordings; row i is ``recordings[i]``. Raises DataError.

        Plain arrays are mapped where they lie. Chunked or compressed ones are first converted into the user's
        cache folder, each of them once.
        """
        self._find({r.id: r.name for r in recordings if r.id not in self._stored})
        return build_bank([self._stored[r.id] for r in recordings])

    def _find(self, names: dict[int, str]) -> None:
        self._stored.update(locate(self.root, names))


def _of_systems(rows: Sequence[Row], systems: Sequence[int] | None, table: Path) -> list[Row]:
    if systems is None:
        return list(rows)
    present = {row.system for row in rows}
    absent = sorted(set(systems) - present)
    if absent:
        raise DataError(f"{table} has no rows with Dataset_id {absent}; it holds {sorted(present)}")
    wanted = set(systems)
    return [row for row in rows if row.system in wanted]


def _recording(row: Row, stored: Stored) -> Recording:
    return Recording(
        id=row.id,
        system=row.system,
        name=row.name,
        label=row.label,
        domain=row.domain,
        bearing=row.bearing,
        sample_rate=row.sample_rate,
        length=stored.length,
        channels=stored.channels,
        rul=row.rul,
        declined=row.declined,
    )
