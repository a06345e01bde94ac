"""Tables of test results: one for each thing that is compared, and one that puts them side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from rich.table import Table

from twostage.report.gains import Row, rows
from twostage.report.groups import groups, repetition, titled
from twostage.report.manifest import StageEntry, labels


def results_view(stages: Sequence[StageEntry]) -> list[Table]:
    """A table per group of adaptations, and their comparison where there are several; none without test results."""
    adapted = groups(stage for stage in stages if stage.variant is not None)
    found = {group: rows(mine) for group, mine in adapted.items()}
    found = {group: each for group, each in found.items() if each}
    captions = [_caption(each, adapted[group]) for group, each in found.items()]
    last = [one != other for one, other in pairwise([*captions, ""])]  # a caption is not said twice in a row
    tables = [
        _table(titled("Test results", group), each, caption if told else None)
        for (group, each), caption, told in zip(found.items(), captions, last, strict=True)
    ]
    shown = [stage for group in found for stage in adapted[group]]
    return [*tables, _comparison(found, " ".join(labels(shown)))] if len(found) > 1 else tables


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


def _comparison(found: Mapping[str, Sequence[Row]], caption: str) -> Table:
    """One line per system and group, those of a system together."""
    table = Table(title="Compared", caption=caption or None, caption_justify="left")
    for name in ("system", "run", "metric", "result", "gain"):
        table.add_column(name, justify="left" if name in {"run", "metric"} else "right", overflow="fold")
    for name in dict.fromkeys(row.name for each in found.values() for row in each):
        beside = [(group, row) for group, each in found.items() for row in each if row.name == name]
        for position, cells in enumerate(_compared(beside), 1):
            table.add_row(name if position == 1 else "", *cells, end_section=position == len(beside))
    return table


def _compared(beside: Iterable[tuple[str, Row]]) -> Iterable[tuple[str, ...]]:
    for group, row in beside:
        metric = row.leading
        if metric is None:
            yield group, "-", "-", "-"
            continue
        with_, without = row.pretrained[metric.name], row.scratch[metric.name]
        yield group, metric.title, metric.cell(with_ or without), metric.gain(with_, without)
