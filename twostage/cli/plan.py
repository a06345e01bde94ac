"""``twostage plan``: what is done already, what would run, how large it is and how long it may take."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twostage.cli.run import AllowCustom, importing, read, where

if TYPE_CHECKING:
    from rich.console import RenderableType

    from twostage.engine.planning.status import PlanStatus, StageStatus

WORK_TO_DO = 2


def plan(  # noqa: PLR0917 - options of a command line
    file: Annotated[Path | None, typer.Argument(help="Document to look at; without it the embedded default.")] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--override", "-o", metavar="KEY=VALUE", help="Set one key, such as stage_1.epochs=5."),
    ] = None,
    local: Annotated[Path | None, typer.Option(help="Document that is laid over FILE, for this machine.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder of all runs, instead of output.root.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every training as JSON.")] = False,  # noqa: FBT002 - typer's way
    allow_custom: AllowCustom = False,  # noqa: FBT002 - as above
) -> None:
    """Show what is done already and what would run; exits with 0 when nothing is left to do, with 2 otherwise."""
    document = read(file, [*(override or []), *where(output)], local)
    from rich.console import Console

    with importing():
        from twostage.api import TwoStageRun
    with Console(stderr=True).status("reading recordings"):
        status = TwoStageRun(document, allow_custom=allow_custom).status()
    if as_json:
        typer.echo(json.dumps(as_plain(status), indent=2))
    else:
        Console().print(plan_view(status))
    raise SystemExit(WORK_TO_DO if status.waiting else 0)


def as_plain(status: PlanStatus) -> dict[str, Any]:
    """The whole status as JSON-able values."""
    stages = [
        {name: str(value) if isinstance(value, Path) else value for name, value in asdict(stage).items()}
        for stage in status.stages
    ]
    run = None if status.directory is None else str(status.directory)
    return {
        "run": run,
        "parent": str(status.parent),
        "store": str(status.store),
        "seconds": status.seconds,
        "stages": stages,
    }


@dataclass(frozen=True)
class _Row:
    name: str
    state: str
    epochs: int
    windows: tuple[int, ...]
    trained: int
    parameters: int
    memory: int


def plan_view(status: PlanStatus) -> RenderableType:
    """One row for trainings that differ by seed or repeat alone, and what it comes to."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from twostage.cli.preview import name_of, repeated
    from twostage.report.capped import MOST_ROWS, first

    table = Table(title="Plan", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in ("stage", "state", "epochs", "windows", "parameters", "memory"):
        table.add_column(title, justify="left" if title in {"stage", "state"} else "right", overflow="fold")
    every = repeated([_row(stage) for stage in status.stages])
    rows, rest = first(every, MOST_ROWS, what="rows", where="--json has every training")
    for names, row in rows:
        windows = "/".join(f"{count:,}" for count in row.windows)
        size = f"{row.trained:,}\nof {row.parameters:,}"
        table.add_row(name_of(names), row.state, f"{row.epochs:,}", windows, size, _bytes(row.memory), end_section=True)
    return Group(table, *rest, *map(Text, _lines(status)))


def _row(stage: StageStatus) -> _Row:
    state = f"{stage.state}\n({stage.kept} epochs)" if stage.kept else stage.state
    return _Row(stage.name, state, stage.epochs, stage.windows, stage.trained, stage.parameters, stage.memory)


def _lines(status: PlanStatus) -> list[str]:
    states = [(state, status.count(state)) for state in ("done", "running", "halfway", "to do")]
    total = len(status.stages)
    told = f"{total:,} {'training' if total == 1 else 'trainings'}: " + ", ".join(
        f"{number:,} {state}" for state, number in states if number
    )
    if twins := len(status.waiting) - len(status.trainings):
        told += f"; {twins:,} of those to do {'is' if twins == 1 else 'are'} the same as another, and trained once"
    columns = "Windows: train/validation/test. Parameters: those that train, of all."
    memory = "Memory: weights, gradients and states of the optimiser; batches come on top."
    lines = [f"{told}.", f"{columns} {memory}"]
    if status.waiting:
        seconds = status.seconds
        lines.append(
            "How long that takes is not known: nothing like it is in the store."
            if seconds is None
            else f"About {_duration(seconds)} for what is left, one after another, by what like trainings took."
        )
    folder = f"a new folder in {status.parent}" if status.directory is None else status.directory
    lines.append(f"Results: {folder}; finished trainings: {status.store}")
    return lines


def _bytes(count: int) -> str:
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:  # noqa: PLR2004 - of a unit
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{max(1, rest)} s"
