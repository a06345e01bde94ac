"""The command line. Each command lives in its own file and imports what it needs only when it runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from twostage.cli.init import init
from twostage.cli.run import run
from twostage.cli.schema import schema
from twostage.cli.validate import validate
from twostage.errors import TwoStageError

INTERRUPTED = 130

app = typer.Typer(
    name="twostage",
    help="Two-stage training for machine-vibration signals: pretrain on many machines, adapt to the one that matters.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for _command in (run, validate, init, schema):
    app.command()(_command)


def _print_version(value: bool | None) -> None:  # noqa: FBT001 - the signature is typer's
    if value:
        from twostage._version import __version__

        typer.echo(f"twostage {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool | None, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = None,
) -> None:
    del version


def main() -> None:
    """Run the command line. A user's mistake is told without a traceback; ours keeps it."""
    try:
        app()
    except TwoStageError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(INTERRUPTED)
