"""``twostage validate``: every problem of every file, or ok."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from twostage.config.problems import Problem

Format = Literal["text", "json", "github"]  # typer reads it at run time; twostage.config.problems says the same

Overrides = Annotated[
    list[str] | None,
    typer.Option("-o", "--override", metavar="KEY=VALUE", help="Set one value, such as data.batch_size=32."),
]
Local = Annotated[Path | None, typer.Option(metavar="FILE", help="Document that is laid over the others.")]


def validate(
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Documents to check.", show_default=False)],
    override: Overrides = None,
    local: Local = None,
    form: Annotated[Format, typer.Option("--format", help="How problems are told.")] = "text",
    explain: Annotated[bool, typer.Option("--explain", help="Print every value and where it came from.")] = False,
) -> None:
    """Check documents without running them."""
    from twostage.config.problems import render

    problems: list[Problem] = []
    for file in files:
        found = _check(file, override or (), local, quiet=form != "text", explain=explain)
        problems += found
        if found and form == "text":
            typer.echo(render(found))
    if form == "json" or (problems and form == "github"):
        typer.echo(render(problems, form))
    raise typer.Exit(1 if problems else 0)


def _check(
    file: Path, overrides: Sequence[str], local: Path | None, *, quiet: bool, explain: bool
) -> tuple[Problem, ...]:
    from twostage.config.load import load_document
    from twostage.config.lock import explain_text
    from twostage.config.old_documents import FRAGMENT
    from twostage.config.problems import DocumentError

    try:
        loaded = load_document(file, overrides=overrides, local=local)
    except DocumentError as error:
        if any(problem.code != FRAGMENT for problem in error.problems):
            return error.problems
        _tell_part(file, error.problems[0].message, quiet=quiet)
        return ()
    for note in loaded.notes:
        typer.echo(f"note: {note}", err=True)
    if not quiet:
        typer.echo(f"{file}: ok")
        if explain:
            typer.echo(explain_text(loaded))
    return ()


def _tell_part(file: Path, message: str, *, quiet: bool) -> None:
    """A part of an old document is in order as far as it goes."""
    typer.echo(f"note: {file}: {message}", err=True)
    if not quiet:
        typer.echo(f"{file}: ok")
