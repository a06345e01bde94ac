"""Tables of runs: all of them, one, and how two differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twostage.config.lock import yaml_value
from twostage.report.runs import Run

_LEADING = ("test/macro_f1", "test/accuracy", "validation/loss")
_MISSING = object()
_WIDTH = 22  # of a line of a stage's name


def list_view(runs: Sequence[Run], states: Mapping[str, str]) -> RenderableType:
    """One row a run; ``states`` by the run's id."""
    if not runs:
        return Text("No runs.")
    table = _table(None, "run", "name", "state", "done", "took")
    table.columns[0].no_wrap = True
    for run in runs:
        counts = f"{len(run.stages):,}/{len(run.manifest['planned']):,}"
        failed = f", {len(run.failures):,} failed" if run.failures else ""
        took = str(timedelta(seconds=round(run.manifest["seconds"])))
        table.add_row(run.id, run.manifest["name"], states[run.id], counts + failed, took)
    return table


def run_view(run: Run, state: str) -> RenderableType:
    """What a run was asked for, what has become of each training, and what failed."""
    head = Table.grid(padding=(0, 2, 0, 0))
    versions = ", ".join(f"{name} {version}" for name, version in run.manifest["versions"].items())
    told = (
        ("name", run.manifest["name"]),
        ("state", f"{state}; {len(run.stages):,} of {len(run.manifest['planned']):,} trainings done"),
        ("started", f"{run.started:%Y-%m-%d %H:%M:%S %Z}"),
        ("folder", str(run.folder)),
        ("document", str(run.lock)),
        ("versions", versions),
    )
    for name, value in told:
        head.add_row(Text(name), Text(value, overflow="fold"))
    table = _table("Trainings", "training", "state", "best\nepoch", "took", "result", "key")
    for column in table.columns:
        column.no_wrap = True  # names are in lines already
    for name in run.manifest["planned"]:
        table.add_row(*_stage_cells(run, name))
    parts: list[RenderableType] = [head, table]
    parts += [Text(f"failed: {each['name']}: {each['message']}{_log(each)}") for each in run.failures]
    if run.open or run.failures:
        parts.append(Text(f"To go on: twostage resume {run.folder}"))
    return Group(*parts)


def diff_view(first: Run, second: Run, documents: tuple[Mapping[str, Any], Mapping[str, Any]]) -> RenderableType:
    """The keys of the documents that differ, and the metrics of trainings that both have; ``documents`` are leaves."""
    keys = _table("Documents", "key", first.id, second.id)
    for key in dict.fromkeys([*documents[0], *documents[1]]):
        values = [document.get(key, _MISSING) for document in documents]
        if values[0] != values[1]:
            keys.add_row(key, *("-" if value is _MISSING else yaml_value(value) for value in values))
    shared = [name for name in first.stages if name in second.stages]
    same = [name for name in shared if first.keys.get(name) == second.keys.get(name)]
    metrics = _table("Metrics", "training", "metric", first.id, second.id, "difference")
    for name in shared:
        for row in _metric_rows(first.stages[name]["metrics"], second.stages[name]["metrics"]):
            metrics.add_row(_folded(name), *row)
    parts: list[RenderableType] = [keys if keys.row_count else Text("The documents say the same.")]
    parts.append(metrics if metrics.row_count else Text("No metric differs."))
    one = len(shared) == 1
    equal = ("the same one" if same else "not the same one") if one else f"{len(same):,} of them the same one"
    parts.append(Text(f"{len(shared):,} {'training' if one else 'trainings'} in both, {equal} (by their keys)."))
    for run, other in ((first, second), (second, first)):
        if alone := [name for name in run.stages if name not in other.stages]:
            parts.append(Text(f"finished only in {run.id}: {', '.join(alone)}"))
    return Group(*parts)


def _stage_cells(run: Run, name: str) -> tuple[str, ...]:
    key = run.keys.get(name, "")[:12]
    stage = run.stages.get(name)
    if stage is None:
        failed = any(failure["name"] == name for failure in run.failures)
        return _folded(name), "failed" if failed else "not done", "", "", "", key
    leading = next((metric for metric in _LEADING if metric in stage["metrics"]), None)
    result = "" if leading is None else f"{leading}\n{stage['metrics'][leading]:.4f}"
    return _folded(name), "done", f"{stage['best_epoch']:,}", f"{stage['seconds']:,.1f} s", result, key


def _folded(name: str) -> str:
    """The name of a stage in lines that a table has room for, broken behind slashes."""
    lines = [""]
    for part in re.findall(r"[^/]+/?", name):
        if lines[-1] and len(lines[-1] + part) > _WIDTH:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _metric_rows(one: Mapping[str, float], other: Mapping[str, float]) -> Iterator[tuple[str, ...]]:
    for metric in dict.fromkeys([*one, *other]):
        values = (one.get(metric), other.get(metric))
        if values[0] == values[1]:
            continue
        cells = ["-" if value is None else f"{value:.4f}" for value in values]
        difference = "" if None in values else f"{values[1] - values[0]:+.4f}"  # type: ignore[operator]
        yield metric, *cells, difference


def _log(failure: Mapping[str, Any]) -> str:
    return f" (log: {failure['log']})" if failure.get("log") else ""


def _table(title: str | None, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    return table
