"""What a person sees after a run: one table of results, one line on the transfer, the notices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twostage.report.gains import SHOWN, Row, Spread, rows
from twostage.report.manifest import StageEntry, read_stages
from twostage.report.zero_shot import zero_shot_view

_TITLES = {"accuracy": "accuracy", "macro_f1": "macro-F1"}


def summary_view(directory: Path) -> RenderableType:
    """Everything worth saying about the run in ``directory``, without its path."""
    stages = read_stages(directory)
    found = rows(stages)
    table = _results(found, seeds=len({stage.seed for stage in stages})) if found else _pretrainings(stages)
    return Group(
        table,
        *zero_shot_view(stages),
        *_transfers(stages),
        *notice_lines(notice for stage in stages for notice in stage.notices),
    )


def notice_lines(notices: Iterable[tuple[str, str]]) -> list[Text]:
    """One line per distinct (code, message)."""
    return [Text(f"Note [{code}]: {message}", style="yellow") for code, message in dict.fromkeys(notices)]


def _results(found: Sequence[Row], *, seeds: int) -> Table:
    caption = f"Always answering the most frequent class gives the accuracy {_majorities(found)}."
    if seeds > 1:
        caption += f" Mean and standard deviation over {seeds} seeds."
    table = Table(title="Test results", caption=caption, caption_justify="left")
    for title in ("system", "windows", "metric", "pretrained", "from scratch", "gain"):
        table.add_column(title, justify="left" if title == "metric" else "right")
    for row in found:
        for name in SHOWN:
            first = name == SHOWN[0]
            system, windows = (_system(row), f"{row.windows:,}") if first else ("", "")
            table.add_row(system, windows, _TITLES[name], *_cells(row, name), end_section=not first)
    return table


def _majorities(found: Sequence[Row]) -> str:
    if len(found) == 1:
        return f"{found[0].majority:.1%}"
    return ", ".join(f"{row.majority:.1%} (system {_system(row)})" for row in found)


def _system(row: Row) -> str:
    return f"{row.system}" + (f" of {' '.join(map(str, row.target))}" if row.target else "")


def _cells(row: Row, name: str) -> tuple[str, str, str]:
    with_, without = row.pretrained[name], row.scratch[name]
    gain = "-" if with_ is None or without is None else f"{100 * (with_.mean - without.mean):+.1f}"
    return _cell(with_), _cell(without), gain


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    return f"{spread.mean:.1%}" + ("" if spread.sd is None else f" ± {100 * spread.sd:.1f}")


def _pretrainings(stages: Sequence[StageEntry]) -> Table:
    table = Table(title="Pretraining")
    for title in ("stage", "best epoch", "validation loss"):
        table.add_column(title, justify="right")
    for stage in stages:
        loss = stage.metrics.get("validation/loss")
        table.add_row(stage.name, str(stage.best_epoch), "-" if loss is None else f"{loss:.4g}")
    return table


def _transfers(stages: Sequence[StageEntry]) -> list[Text]:
    reports = [stage.transfer for stage in stages if stage.transfer is not None]
    if not reports:
        return []
    first, least = reports[0], min(report["encoder_share"] for report in reports)
    equal = all(report["digest_saved"] == report["digest_started"] for report in reports)
    return [
        Text(
            f"Transfer: {least:.0%} of the encoder; {first['loaded']} tensors loaded, {first['new']} new, "
            f"{first['frozen']} frozen; digests {'equal' if equal else 'DIFFER'} ({first['digest_started'][:12]})"
        ),
        Text(
            "Splits: no sample of a recording is shared between training, validation and test, nor between stage 1 "
            "and the test; whole copies under other names are found by digest"
        ),
    ]
