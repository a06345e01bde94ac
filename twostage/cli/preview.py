"""The table of a dry run."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from twostage.engine.preview import StagePreview
from twostage.report.tables import notice_lines


def preview_view(stages: Sequence[StagePreview]) -> RenderableType:
    """What a run would do: one row per training."""
    table = Table(title="What would run", caption="Nothing was trained or written.", caption_justify="left")
    for title in ("stage", "systems", "recordings", "train", "validation", "test", "parameters", "trained", "epochs"):
        table.add_column(title, justify="left" if title in {"stage", "systems"} else "right")
    for stage in stages:
        numbers = (stage.recordings, *stage.windows, stage.parameters, stage.trained, stage.epochs)
        table.add_row(stage.name, " ".join(map(str, stage.systems)), *(f"{number:,}" for number in numbers))
    notices = ((notice.code, notice.message) for stage in stages for notice in stage.notices)
    return Group(table, *notice_lines(notices))
