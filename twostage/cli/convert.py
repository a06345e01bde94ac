"""``twostage convert``: documents of the old project become documents of ours, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from twostage.legacy.command.outcome import Outcome

Pipeline = Literal["01", "02", "03", "04", "stages"]
Reading = Literal["meant", "as_executed"]


def convert(
    *,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="OLD.yaml [SECOND.yaml]",
            help="An old document; two files are the pair of pipeline 02; a folder is converted as a whole.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="NEW", help="Write to this file, or into this folder.")
    ] = None,
    write: Annotated[
        bool,
        typer.Option("--write", help="Replace the file itself (or what stands at NEW); a backup is kept beside it."),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing: exit 0 if there is nothing to do, 2 if there is, 1 on errors."),
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Print a unified diff instead of the new document.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what became of every key, and what will be different.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one record per file, one per line.")] = False,
    pipeline: Annotated[
        Pipeline | None, typer.Option(help="The pipeline that the file was run with, or the shape to go back to.")
    ] = None,
    reading: Annotated[
        Reading, typer.Option(help="As the file says, or as the old code executed it, defects included.")
    ] = "meant",
    to: Annotated[Literal["legacy"] | None, typer.Option(help="Go back to the old project's layout.")] = None,
    data_root: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Data folder to write instead of the old file's.")
    ] = None,
    each: Annotated[bool, typer.Option("--each", help="Two files are two documents and not a pair.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes for several files.")] = 1,
) -> None:
    """Convert documents of PHM-Vibench; without an option the new document is printed and nothing is written."""
    from twostage.cli.conversion import show, store
    from twostage.legacy.command.batch import Job, jobs_of, run_jobs
    from twostage.legacy.command.job import Wish

    wish = Wish(
        pipeline=None if pipeline == "stages" or to else pipeline,
        reading=reading,
        data_root=None if data_root is None else str(data_root),
        back=to is not None,
        shape=pipeline,
    )
    work: list[Job] = jobs_of(files, each=each, output=output)
    outcomes: list[Outcome] = run_jobs(work, wish, processes=jobs)
    if (output is not None or write) and not check:
        store(work, outcomes, replace=write)
    show(work, outcomes, form="json" if as_json else "explain" if explain else "diff" if diff else "text", quiet=check)
    failed = any(outcome.status == "failed" for outcome in outcomes)
    changed = any(outcome.status == "changed" for outcome in outcomes)
    raise typer.Exit(1 if failed else 2 if check and changed else 0)
