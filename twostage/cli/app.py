"""The command line. Each command lives in its own file and imports what it needs only when it runs."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from twostage.cli.convert import convert
from twostage.cli.export import export
from twostage.cli.import_checkpoint import import_checkpoint
from twostage.cli.init import init
from twostage.cli.models import models
from twostage.cli.plan import plan
from twostage.cli.run import resume, run
from twostage.cli.runs import runs
from twostage.cli.schema import schema
from twostage.cli.validate import validate
from twostage.errors import TwoStageError

INTERRUPTED = 130
TERMINATED = 143


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:  # typer brings its own click, under a private name
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")  # pydantic's, and of no use to anybody
            raise
        except KeyboardInterrupt as error:  # typer would exit without a word
            _tell("interrupted", error)
            raise typer.Exit(INTERRUPTED) from error


app = typer.Typer(
    name="twostage",
    help="Two-stage training for machine-vibration signals: pretrain on many machines, adapt to the one that matters.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    cls=_Commands,
)
for _command in (run, plan, resume, validate, convert, init, models, import_checkpoint, export, schema):
    app.command()(_command)
app.add_typer(runs, name="runs")


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
    """Run the command line."""
    guarded(app)


def guarded(command: Callable[[], object]) -> None:
    """Run a command. A user's mistake is told without a traceback; ours keeps it."""
    try:
        command()
    except TwoStageError as error:
        _tell(f"error: {error}", error)
        sys.exit(1)
    except KeyboardInterrupt as error:
        _tell("interrupted", error)
        sys.exit(INTERRUPTED)
    except SystemExit as error:
        if error.code == TERMINATED:
            _tell("terminated", error)
        raise


def _tell(text: str, error: BaseException) -> None:
    """Say why the program ends, and what the error knows beside: where finished stages are."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a late Ctrl-C has nothing left to end
    for line in (text, *getattr(error, "__notes__", ())):
        typer.echo(line, err=True)
