"""The table of a dry run."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table

from twostage.engine.preview import StagePreview
from twostage.report.tables import notice_lines

_CAPTION = "Windows: train/validation/test. Parameters: those that train, of all. Nothing was trained or written."


def preview_view(stages: Sequence[StagePreview]) -> RenderableType:
    """What a run would do: one row per training, narrow enough for a terminal of 80 columns."""
    table = Table(
        title="What would run",
        caption=_CAPTION,
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for title in ("stage", "systems", "recordings", "windows", "parameters", "epochs"):
        table.add_column(title, justify="left" if title in {"stage", "systems"} else "right", overflow="fold")
    for stage in stages:
        table.add_row(*_cells(stage), end_section=True)
    notices = ((notice.code, notice.message) for stage in stages for notice in stage.notices)
    return Group(table, *notice_lines(notices))


def _cells(stage: StagePreview) -> tuple[str, ...]:
    number, seed, *rest = stage.name.split("/")
    name = f"{number}/{seed}" + (f"/\n{'/'.join(rest)}" if rest else "")
    windows = "/".join(f"{count:,}" for count in stage.windows)
    parameters = f"{stage.trained:,}\nof {stage.parameters:,}"
    return name, " ".join(map(str, stage.systems)), f"{stage.recordings:,}", windows, parameters, f"{stage.epochs:,}"
