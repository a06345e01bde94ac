"""Tables of test results: one for each thing that is compared, and one that puts them side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from rich.table import Table
from rich.text import Text

from twostage.report.capped import EXPORT, MOST_ROWS, MOST_TABLES, first
from twostage.report.gains import Row, rows
from twostage.report.groups import groups, repetition, titled
from twostage.report.manifest import StageEntry, labels


def results_view(stages: Sequence[StageEntry]) -> list[Table | Text]:
    """A table per group of adaptations, and their comparison where there are several; none without test results.

    Of many groups and lines the first are shown, and how many more there are.
    """
    adapted = groups(stage for stage in stages if stage.variant is not None)
    found = {group: rows(mine) for group, mine in adapted.items()}
    found = {group: each for group, each in found.items() if each}
    captions = [_caption(each, adapted[group]) for group, each in found.items()]
    last = [one != other for one, other in pairwise([*captions, ""])]  # a caption is not said twice in a row
    tables = [
        _table(titled("Test results", group), each, caption if told else None)
        for (group, each), caption, told in zip(found.items(), captions, last, strict=True)
    ][:MOST_TABLES]
    shown = [stage for group in found for stage in adapted[group]]
    return [*tables, *_comparison(found, " ".join(labels(shown)))] if len(found) > 1 else [*tables]


def _table(title: str, found: Sequence[Row], caption: str | None) -> Table:
    table = Table(title=title, caption=caption, caption_justify="left")
    for name in ("system", "windows", "metric", "pretrained", "from scratch", "gain"):
        table.add_column(name, justify="left" if name == "metric" else "right")
    for row in found:
        for metric in row.metrics:
            start = (row.name, f"{row.windows:,}") if metric == row.metrics[0] else ("", "")
            with_, without = row.pretrained[metric.name], row.scratch[metric.name]
            cells = (metric.title, metric.cell(with_), metric.cell(without), metric.gain(with_, without))
            table.add_row(*start, *cells, end_section=metric == row.metrics[-1])
    return table


def _caption(found: Sequence[Row], stages: Sequence[StageEntry]) -> str:
    told, repeated = labels(stages), repetition(stages)
    if any(row.majority is not None for row in found):
        told.append(f"Always answering the most frequent class gives the accuracy {_majorities(found)}.")
    if any(metric.error for row in found for metric in row.metrics):
        told.append("A gain above 0 is a smaller error.")
    if repeated:
        told.append(f"Mean and standard deviation over {repeated}.")
    return " ".join(told)


def _majorities(found: Sequence[Row]) -> str:
    known = [(row.name, row.majority) for row in found if row.majority is not None]
    if len(found) == 1:
        return f"{known[0][1]:.1%}"
    return ", ".join(f"{majority:.1%} (system {name})" for name, majority in known)


def _comparison(found: Mapping[str, Sequence[Row]], caption: str) -> list[Table | Text]:
    """One line per system and group, those of a system together."""
    table = Table(title="Compared", caption=caption or None, caption_justify="left")
    for name in ("system", "run", "metric", "result", "gain"):
        table.add_column(name, justify="left" if name in {"run", "metric"} else "right", overflow="fold")
    every = list(_beside(found))
    lines, rest = first(every, MOST_ROWS, what="lines", where=EXPORT)
    for position, (name, cells) in enumerate(lines, 1):
        begins = position == 1 or lines[position - 2][0] != name
        ends = position == len(lines) or lines[position][0] != name
        table.add_row(name if begins else "", *cells, end_section=ends)
    return [table, *rest]


def _beside(found: Mapping[str, Sequence[Row]]) -> Iterable[tuple[str, tuple[str, ...]]]:
    """What stands in a line of each system and group, behind the name of the system."""
    by_name: dict[str, list[tuple[str, Row]]] = {}
    for group, each in found.items():
        for row in each:
            by_name.setdefault(row.name, []).append((group, row))
    for name, beside in by_name.items():
        yield from ((name, cells) for cells in _compared(beside))


def _compared(beside: Iterable[tuple[str, Row]]) -> Iterable[tuple[str, ...]]:
    for group, row in beside:
        metric = row.leading
        if metric is None:
            yield group, "-", "-", "-"
            continue
        with_, without = row.pretrained[metric.name], row.scratch[metric.name]
        yield group, metric.title, metric.cell(with_ or without), metric.gain(with_, without)
