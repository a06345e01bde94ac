"""What episodes are drawn from: cells of windows of one class, and whether support and query fit into each.

Legend: W windows of a cell, U units.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twostage.config.stage_2.fewshot import FewshotConfig
from twostage.data.recordings import Part, Recording
from twostage.data.windows import WindowIndex
from twostage.errors import DataError

Ints = NDArray[np.int64]
Place = tuple[int, int | None]  # system, and domain where domains are looked at


@dataclass(frozen=True)
class Cell:
    """Windows of one class of one place: positions in the index, and the unit of each.

    ``held`` is the number of units that give the support; None where support and query do not fit.
    """

    place: Place
    label: int
    windows_W: Ints
    units_W: Ints
    held: int | None


def cells_of(recordings: Sequence[Recording], index: WindowIndex, written: FewshotConfig, shots: int) -> list[Cell]:
    """The cells of a part, sorted by place and class. Raises DataError for a recording without unit or domain."""
    rows = np.unique(index.rows)
    chosen = [recordings[row] for row in rows.tolist()]
    _require_known(chosen, written)
    units_W = unit_of_window(recordings, index, written)
    looks = written.domains_per_episode is not None
    keys = {row: (r.system, r.domain if looks else None, r.label) for row, r in zip(rows.tolist(), chosen, strict=True)}
    cells = []
    for key in sorted(set(keys.values()), key=lambda key: tuple(-1 if part is None else part for part in key)):
        system, domain, label = key
        if label is None:
            continue
        mine_W = np.flatnonzero(np.isin(index.rows, [row for row in keys if keys[row] == key]))
        held = _held(index, mine_W, units_W[mine_W], written, shots)
        cells.append(Cell((system, domain), label, mine_W, units_W[mine_W], held))
    return cells


def unit_of_window(recordings: Sequence[Recording], index: WindowIndex, written: FewshotConfig) -> Ints:
    """Number of each window's unit, counted from 0."""
    if written.support_unit == "window":
        return np.arange(len(index.rows), dtype=np.int64)
    by_bearing = written.support_unit == "bearing"
    names = [(r.system, r.bearing) if by_bearing else r.id for r in recordings]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int64)[index.rows]


def overlaps(index: WindowIndex, windows_W: Ints, others: Ints) -> NDArray[np.bool_]:
    """Which of the windows share a sample with one of the others."""
    same = index.rows[windows_W][:, None] == index.rows[others][None, :]
    near = np.abs(index.starts[windows_W][:, None] - index.starts[others][None, :]) < index.length
    shared: NDArray[np.bool_] = (same & near).any(axis=1)
    return shared


def _held(index: WindowIndex, windows_W: Ints, units_W: Ints, written: FewshotConfig, shots: int) -> int | None:
    """How many units give the support: as many as shots, at most half, and so that any draw of them will do."""
    queries = written.queries
    if written.support_unit == "window":
        return shots if len(windows_W) - shots * _most_overlapping(index, windows_W) >= queries else None
    counts_U = np.sort(np.unique(units_W, return_counts=True)[1]).cumsum()
    units = len(counts_U)
    fits = [s for s in range(1, units) if counts_U[s - 1] >= shots and counts_U[units - s - 1] >= queries]
    wanted = min(shots, max(1, units // 2))
    return min(fits, key=lambda s: abs(s - wanted), default=None)


def _most_overlapping(index: WindowIndex, windows_W: Ints) -> int:
    """Windows that one of them shares samples with, itself counted, at most."""
    apart = int(index.starts.max()) + 2 * index.length
    line_W = np.sort(index.rows[windows_W] * apart + index.starts[windows_W])
    last = np.searchsorted(line_W, line_W + index.length, side="left")
    return int((last - np.searchsorted(line_W, line_W - index.length, side="right")).max())


def _require_known(chosen: Sequence[Recording], written: FewshotConfig) -> None:
    lacks: Iterable[Recording] = ()
    if written.support_unit == "bearing":
        lacks = [r for r in chosen if r.bearing is None]
        what = "bearing; fill the column Bearing_id of the metadata table, or write stage_2.support_unit: recording"
    if not lacks and written.domains_per_episode is not None:
        lacks = [r for r in chosen if r.domain is None]
        what = "domain; fill the column Domain_id of the metadata table, or leave out stage_2.domains_per_episode"
    for recording in lacks:
        raise DataError(f"recording {recording.id} of {recording.name} has no {what}")


def refusal(cells: Sequence[Cell], part: Part, written: FewshotConfig, shots: int) -> str:
    """Why no episode can be drawn from these cells, of which the first tells it, and what to change."""
    cell, unit = cells[0], written.support_unit
    units, windows = len(np.unique(cell.units_W)), len(cell.windows_W)
    (system, domain), more = cell.place, len(cells) - 1
    where = f"class {cell.label} of system {system}" + ("" if domain is None else f" in domain {domain}")
    has = f"{units} {unit}{'s' * (units != 1)}" + ("" if unit == "window" else f" with {windows} windows")
    needs = f"{shots} of them for the support (shots) and {written.queries} for the query (queries)"
    apart = "without a common sample" if unit == "window" else f"from other {unit}s"
    also = f"; {more} more class{'es lack' if more > 1 else ' lacks'} the same" if more else ""
    return f"{where} has {has} in the {part} part, but an episode takes {needs}, {apart}{also}. " + _remedy(
        unit, enough_units=unit == "window" or units > 1
    )


def _remedy(unit: str, *, enough_units: bool) -> str:
    if enough_units:
        longer = "take longer recordings (data.source.seconds, if they are simulated)"
        return f"Raise data.window.per_recording, {longer}, or lower stage_2.shots or stage_2.queries"
    coarser = {"bearing": "recording", "recording": "window"}[unit]
    return (
        f"Give the part more {unit}s (data.split or stage_2.split), or write stage_2.support_unit: {coarser}, which "
        "measures how well the same bearing is recognised again"
    )
