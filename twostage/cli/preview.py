"""The table of a dry run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table

from twostage.engine.planning.preview import StagePreview
from twostage.report.capped import MOST_ROWS, first
from twostage.report.tables import notice_lines

_CAPTION = "Windows: train/validation/test. Parameters: those that train, of all. Nothing was trained or written."
_NUMBERED = re.compile(r"(?<=/)(seed|repeat)-(\d+)(?=/|$)")
_WIDTH = 26  # of the longest part of a plain stage's name, with a system of two digits or two of them
_LISTED = 3


class Named(Protocol):
    """A frozen dataclass with a name, that is like others but for that."""

    @property
    def name(self) -> str:
        """Name of a stage."""
        ...


Row = TypeVar("Row", bound=Named)


def preview_view(stages: Sequence[StagePreview]) -> RenderableType:
    """What a run would do: one row for trainings that differ by seed or repeat alone, narrow enough for 80 columns."""
    table = Table(
        title="What would run",
        caption=f"{len(stages):,} {'training' if len(stages) == 1 else 'trainings'}. {_CAPTION}",
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for title in ("stage", "systems", "recordings", "windows", "parameters", "epochs"):
        table.add_column(title, justify="left" if title in {"stage", "systems"} else "right", overflow="fold")
    rows, rest = first(repeated(stages), MOST_ROWS, what="rows", where="twostage plan --json has every training")
    for names, stage in rows:
        table.add_row(name_of(names), *_cells(stage), end_section=True)
    notices = ((notice.code, notice.message) for stage in stages for notice in stage.notices)
    return Group(table, *rest, *notice_lines(notices))


def repeated(stages: Sequence[Row]) -> list[tuple[list[str], Row]]:
    """The names of stages that are alike but for seed and repeat, with one of them."""
    found: dict[Row, list[str]] = {}
    for stage in stages:
        alike: Row = replace(cast("Any", stage), name=_NUMBERED.sub(r"\1", stage.name))
        found.setdefault(alike, []).append(stage.name)
    return [(names, stage) for stage, names in found.items()]


def name_of(names: Sequence[str]) -> str:
    """One name for all, such as ``stage_2/seed-0,1/system-3/pretrained``, in lines that are short enough."""
    numbers: dict[str, list[str]] = {}
    for name in names:
        for kind, number in _NUMBERED.findall(name):
            numbers.setdefault(kind, []).append(number)
    common = _NUMBERED.sub(lambda match: f"{match[1]}-{_listed(numbers[match[1]])}", names[0])
    head, tail = re.fullmatch(r"(.*?/seed-[^/]*(?:/repeat-[^/]*)?)(.*)", common, re.DOTALL).groups()  # type: ignore[union-attr]
    return "/\n".join(_folded(part) for part in (head, tail.removeprefix("/")) if part)


def _listed(numbers: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(numbers))
    return ",".join(distinct) if len(distinct) <= _LISTED else f"{distinct[0]}..{distinct[-1]} ({len(distinct)})"


def _folded(path: str) -> str:
    """The path in lines, broken behind slashes."""
    lines = [""]
    for part in re.findall(r"[^/]+/?", path):
        if lines[-1] and len(lines[-1] + part) > _WIDTH:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _cells(stage: StagePreview) -> tuple[str, ...]:
    windows = "/".join(f"{count:,}" for count in stage.windows)
    parameters = f"{stage.trained:,}\nof {stage.parameters:,}"
    return " ".join(map(str, stage.systems)), f"{stage.recordings:,}", windows, parameters, f"{stage.epochs:,}"
