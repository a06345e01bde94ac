"""``twostage run``: pretrain, adapt, and show what it brought."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from twostage.config.load import LoadedDocument
    from twostage.engine.plan import Plan

    Part: TypeAlias = Callable[[Plan], Plan]


def run(  # noqa: PLR0917 - options of a command line
    file: Annotated[Path | None, typer.Argument(help="Document to run; without it the embedded default runs.")] = None,
    override: Annotated[
        list[str] | None,
        typer.Option("--override", "-o", metavar="KEY=VALUE", help="Set one key, such as stage_1.epochs=5."),
    ] = None,
    local: Annotated[Path | None, typer.Option(help="Document that is laid over FILE, for this machine.")] = None,
    output: Annotated[Path | None, typer.Option(help="Folder of all runs, instead of output.root.")] = None,
    dry_run: Annotated[  # noqa: FBT002 - how typer writes a flag
        bool,
        typer.Option("--dry-run", help="Check all but the signals and show the stages; train and write nothing."),
    ] = False,
    allow_custom: Annotated[  # noqa: FBT002 - as above
        bool,
        typer.Option("--allow-custom", help="Import the class that stage_1.target names; that runs its code."),
    ] = False,
) -> None:
    """Pretrain on many machines, adapt to the one that matters, and test."""
    run_document(_read(file, [*(override or []), *_output(output)], local), dry_run=dry_run, allow_custom=allow_custom)


def run_document(
    document: LoadedDocument, *, dry_run: bool = False, allow_custom: bool = False, part: Part | None = None
) -> Path | None:
    """Tell the notes, run with progress, show the results; the folder of the run, None for a dry run.

    ``part`` makes the plan that runs from the plan of the whole document.
    """
    from rich.console import Console

    console, errors = Console(), Console(stderr=True)
    for note in document.notes:
        errors.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    with errors.status("importing torch"):
        from twostage.api import TwoStageRun
        from twostage.cli.preview import preview_view
        from twostage.cli.progress import progress_on
        from twostage.report.tables import summary_view

    if dry_run:
        run = TwoStageRun(document, allow_custom=allow_custom)
        console.print(preview_view(run.preview(part(run.plan()) if part else None)))
        return None
    with progress_on(errors) as progress:
        run = TwoStageRun(document, observer=progress, allow_custom=allow_custom)
        summary = run.run_plan(part(run.plan())) if part else run.fit()
    console.print(summary_view(summary.directory))
    console.print(f"Results: {summary.directory}", highlight=False, markup=False, soft_wrap=True)
    return summary.directory


def _output(folder: Path | None) -> list[str]:
    """The option as an override, so that the document that is kept beside the results says where they went."""
    return [] if folder is None else [f"output.root={json.dumps(str(folder))}"]


def _read(file: Path | None, overrides: list[str], local: Path | None) -> LoadedDocument:
    """Read the document before anything slow is imported, so that a mistake in it is told at once."""
    from twostage.config.load import load_document
    from twostage.config.presets import load_preset

    if file is None:
        return load_preset("default", overrides=overrides, local=local)
    return load_document(file, overrides=overrides, local=local)
