"""Tables of text or spreadsheet cells as plain rows: nothing is guessed, converted or dropped on the way."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.utils.exceptions import InvalidFileException  # type: ignore[import-untyped]

from twostage.errors import DataError


@dataclass(frozen=True)
class Table:
    """A header and the rows below it. ``rows`` holds (row number as a spreadsheet counts, cells)."""

    path: Path
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[object, ...]], ...]


def read_table(path: Path) -> Table:
    """Read a csv (comma or tab) or xlsx table; rows without any content are skipped. Raises DataError."""
    if not path.is_file():
        raise DataError(f"there is no metadata table at {path}")
    if path.suffix.lower() == ".xls":
        raise DataError(f"{path} is in the old xls format; save it as xlsx or csv")
    lines = _spreadsheet(path) if path.suffix.lower() in {".xlsx", ".xlsm"} else _text(path)
    filled = [(number, cells) for number, cells in enumerate(lines, start=1) if any(map(is_filled, cells))]
    if not filled:
        raise DataError(f"{path} is empty; a metadata table needs a header and one row per recording")
    header = tuple("" if cell is None else str(cell).strip() for cell in filled[0][1])
    if len(filled) == 1:
        raise DataError(f"{path} has a header but no rows")
    return Table(path, header, tuple(_fit(path, len(header), filled[1:])))


def is_filled(cell: object) -> bool:
    """Whether a cell holds anything."""
    return cell is not None and str(cell).strip() != ""


def _fit(
    path: Path, width: int, rows: Iterable[tuple[int, Sequence[object]]]
) -> Iterator[tuple[int, tuple[object, ...]]]:
    for number, cells in rows:
        if any(map(is_filled, cells[width:])):
            raise DataError(
                f"{path}, row {number}: {len(cells)} cells, but the header has {width}; quote the separators"
            )
        yield number, (*cells[:width], *[None] * (width - len(cells)))


def _text(path: Path) -> list[Sequence[object]]:
    text = _decode(path)
    header = text[: text.find("\n")] if "\n" in text else text
    delimiter = "\t" if header.count("\t") > header.count(",") else ","
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as a table: {error}") from error


def _decode(path: Path) -> str:
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {error.start} (line {line}) does not belong "
            "to any UTF-8 character. Tables from Chinese spreadsheets are often GBK; convert the file, for example "
            f"with: iconv -f GB18030 -t UTF-8 {path.name} > utf8.csv"
        ) from error


def _spreadsheet(path: Path) -> list[Sequence[object]]:
    """The cells of the first sheet; formulas give their last computed values."""
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise DataError(f"{path} is not a readable xlsx file: {error}") from error
    try:
        return [tuple(cells) for cells in book.worksheets[0].iter_rows(values_only=True)]
    finally:
        book.close()
