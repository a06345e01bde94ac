"""The metadata table: one row per recording, checked cell by cell."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from twostage.data.sources.phm_vibench.tables import Table, read_table
from twostage.errors import DataError

REQUIRED = ("Id", "Dataset_id", "Name", "Sample_rate")
# Columns that say with yes or no whether a recording is meant for a task.
TASK_FLAGS: Mapping[str, str] = {
    "Fault_Diagnosis": "classification",
    "Anomaly_Detection": "anomaly_detection",
    "Remaining_Life": "rul_prediction",
}
OPTIONAL = ("Label", "Domain_id", "Bearing_id", "RUL_label", *TASK_FLAGS)
ALIASES: Mapping[str, str] = {
    "Sample_Rate": "Sample_rate",
    "Sampling_rate": "Sample_rate",
    "Length": "Sample_lenth",
    "Sample_length": "Sample_lenth",
    "Channels": "Channel",
    "Fault level": "Fault_level",
    "Type": "TYPE",
    "Visible": "Visiable",
    "Working_Condition_description": "Domain_description",
}
UNLABELLED = -1
YES, NO = frozenset({"1", "true", "yes", "y", "t", "on", "enabled"}), frozenset({"0", "false", "no", "n", "f", "off"})
MISSING_WORDS = frozenset({"", "nan", "na", "n/a", "#n/a", "null", "none", "<na>"})


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of one recording; ``sample_rate`` in Hz, None where a cell is empty.

    Rows are kept whatever TYPE or Visiable say: the field's own reader never acted on them.
    """

    id: int
    system: int
    name: str
    label: int | None
    domain: int | None
    bearing: str | None
    sample_rate: float
    rul: float | None = None
    declined: tuple[str, ...] = ()


def read_metadata(path: Path) -> list[Row]:
    """Read and check the table; rows in the order of the file. Raises DataError naming row and column."""
    table = read_table(path)
    columns = _columns(table)
    rows = [_row(_Cells(path, number, cells, columns)) for number, cells in table.rows]
    seen: dict[int, int] = {}
    for (number, _), row in zip(table.rows, rows, strict=True):
        if row.id in seen:
            raise DataError(f"{path}, row {number}, column Id: {row.id} already stands in row {seen[row.id]}")
        seen[row.id] = number
    return rows


def _columns(table: Table) -> dict[str, int]:
    """Position of each column that is read, under its current spelling."""
    found: dict[str, int] = {}
    for position, spelling in enumerate(table.header):
        name = ALIASES.get(spelling, spelling)
        if name in found and name in (*REQUIRED, *OPTIONAL):
            other = table.header[found[name]]
            raise DataError(f"{table.path}: columns {other!r} and {spelling!r} both mean {name}; keep one of them")
        found[name] = position
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        listed = "; ".join(f"{name} ({_nearest(name, table.header)})" for name in missing)
        raise DataError(f"{table.path} lacks required columns: {listed}")
    return found


def _nearest(name: str, header: tuple[str, ...]) -> str:
    folded = {spelling.lower(): spelling for spelling in header if spelling}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.0)
    return f"nearest column present: {folded[close[0]][:40]!r}" if close else "no columns present"


@dataclass(frozen=True)
class _Cells:
    """One row, read by column name; every complaint names row and column."""

    path: Path
    number: int
    cells: tuple[object, ...]
    columns: Mapping[str, int]

    def value(self, column: str) -> object | None:
        """The cell's content; None where the column is absent or the cell empty."""
        if column not in self.columns:
            return None
        cell = self.cells[self.columns[column]]
        return None if cell is None or str(cell).strip().lower() in MISSING_WORDS else cell

    def whole(self, column: str) -> int | None:
        """The cell as a whole number; 3.0 is one, as spreadsheets write it."""
        cell = self.value(column)
        if cell is None:
            return None
        number = self._number(column, cell)
        if number != int(number):
            raise self.complaint(column, f"{cell} is not a whole number")
        return int(number)

    def needed(self, column: str) -> int:
        """The cell as a whole number that must be there."""
        number = self.whole(column)
        if number is None:
            raise self.complaint(column, "the cell is empty; a whole number is needed")
        return number

    def rate(self, column: str) -> float:
        """The cell as a positive number."""
        cell = self.value(column)
        number = 0.0 if cell is None else float(self._number(column, cell))
        if number <= 0.0:
            raise self.complaint(column, f"{'the cell is empty' if cell is None else cell}; a rate in Hz is needed")
        return number

    def amount(self, column: str) -> float | None:
        """The cell as a number that is not negative."""
        cell = self.value(column)
        number = None if cell is None else float(self._number(column, cell))
        if number is not None and number < 0.0:
            raise self.complaint(column, f"{cell} is negative; leave the cell empty where nothing is known")
        return number

    def declines(self, column: str) -> bool:
        """Whether the cell says no; an empty one says nothing."""
        cell = self.value(column)
        word = "" if cell is None else str(cell).strip().lower().removesuffix(".0")
        if word and word not in YES | NO:
            raise self.complaint(column, f"{word!r} is neither yes nor no; write 1 or 0")
        return word in NO

    def text(self, column: str) -> str | None:
        """The cell as text without blanks around it."""
        cell = self.value(column)
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)
        return None if cell is None else str(cell).strip()

    def _number(self, column: str, cell: object) -> int | float:
        text = str(cell).strip()
        try:
            return int(text)
        except ValueError:
            pass
        try:
            number = float(text)
        except ValueError as error:
            raise self.complaint(column, f"{text!r} is not a number") from error
        if not math.isfinite(number):
            raise self.complaint(column, f"{text} is not a finite number")
        return number

    def complaint(self, column: str, what: str) -> DataError:
        return DataError(f"{self.path}, row {self.number}, column {column}: {what}")


def _row(cells: _Cells) -> Row:
    label = cells.whole("Label")
    name = cells.text("Name")
    if name is None:
        raise cells.complaint("Name", "the cell is empty; the name of the HDF5 file is needed")
    return Row(
        id=cells.needed("Id"),
        system=cells.needed("Dataset_id"),
        name=name,
        label=None if label == UNLABELLED else label,
        domain=cells.whole("Domain_id"),
        bearing=cells.text("Bearing_id"),
        sample_rate=cells.rate("Sample_rate"),
        rul=cells.amount("RUL_label"),
        declined=tuple(task for column, task in TASK_FLAGS.items() if cells.declines(column)),
    )
