"""``twostage run``: pretrain, adapt, and show what it brought."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from rich.console import Console

    from twostage.config.load import LoadedDocument
    from twostage.engine.outcome.reopening import OpenedRun
    from twostage.engine.outcome.results import RunSummary
    from twostage.engine.planning.plan import Plan

    Part: TypeAlias = Callable[[Plan], Plan]

SOME_FAILED = 3
_PLAIN: dict[str, Any] = {"highlight": False, "markup": False, "soft_wrap": True}

AllowCustom = Annotated[
    bool, typer.Option("--allow-custom", help="Import the class that stage_1.target names; that runs its code.")
]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going/--fail-fast", help="Run what does not need a stage that failed, or stop there.")
]

Where = Annotated[
    str | None,
    typer.Option("--executor", metavar="KIND", help="local, local:N, slurm or ray, with the options of the document."),
]


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
    allow_custom: AllowCustom = False,  # noqa: FBT002 - as above
    keep_going: KeepGoing = True,  # noqa: FBT002 - as above
    executor: Where = None,
    fresh: Annotated[  # noqa: FBT002 - as above
        bool, typer.Option("--fresh", help="Train everything anew, also what is done already.")
    ] = False,
) -> None:
    """Pretrain on many machines, adapt to the one that matters, and test; what is done already is not done again."""
    document = read(file, [*(override or []), *where(output)], local)
    options: dict[str, Any] = {"allow_custom": allow_custom, "keep_going": keep_going, "fresh": fresh}
    run_document(document, dry_run=dry_run, **options, **_where(executor, document))


def resume(
    directory: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of the run, as it was told.")],
    allow_custom: AllowCustom = False,  # noqa: FBT002 - as above
    keep_going: KeepGoing = True,  # noqa: FBT002 - as above
    executor: Where = None,
) -> None:
    """Go on with a run that was interrupted or has failed; its document and code are those of its start."""
    with importing():
        from twostage.engine.outcome.reopening import open_directory
    opened = open_directory(directory)
    options: dict[str, Any] = {"allow_custom": allow_custom, "keep_going": keep_going}
    run_document(opened.document, opened=opened, **options, **_where(executor, opened.document))


def run_document(
    document: LoadedDocument,
    *,
    dry_run: bool = False,
    part: Part | None = None,
    opened: OpenedRun | None = None,
    **options: Any,
) -> Path | None:
    """Tell the notes, run with progress, show the results; the folder of the run, None for a dry run.

    ``part`` makes the plan that runs from the plan of the whole document. ``opened`` is a run to go on with.
    Other options are those of ``TwoStageRun``. Exits with 3 when a stage has failed.
    """
    from rich.console import Console

    from twostage.config.loggers import logger_notes

    console, errors = Console(), Console(stderr=True)
    for note in [*document.notes, *logger_notes(document.config.loggers)]:
        errors.print(f"note: {note}", **_PLAIN)
    with importing():
        from twostage.api import TwoStageRun
        from twostage.cli.preview import preview_view
        from twostage.cli.progress import progress_on

    if dry_run:
        run = TwoStageRun(document, allow_custom=options.get("allow_custom", False))
        console.print(preview_view(run.preview(part(run.plan()) if part else None)))
        return None
    with progress_on(errors) as progress:
        run = TwoStageRun(document, observer=progress, raises=False, **{"keep_going": True, **options})
        if opened is not None:
            summary = run.run_plan(opened.plan, root=opened.root, into=opened.directory)
        else:
            summary = run.run_plan(part(run.plan()) if part else run.plan())
    _show(summary, console, errors)
    return summary.directory


def _show(summary: RunSummary, console: Console, errors: Console) -> None:
    """The tables, then the failures, and last of all where everything is."""
    from twostage.report.tables import summary_view

    if summary.stages:
        console.print(summary_view(summary.directory))
    for failure in summary.failures:
        log = f" (log: {failure.log})" if failure.log and failure.cause is None else ""
        errors.print(f"failed: {failure.name}: {failure.message}{log}", **_PLAIN)
    if summary.failures:
        left = summary.planned - len(summary.failures) - len(summary.stages)
        rest = f", {left} {'was' if left == 1 else 'were'} not begun" if left else ""
        told = f"{len(summary.failures)} of {summary.planned} stages failed{rest}"
        errors.print(f"{told}; to go on: twostage resume {summary.directory}", **_PLAIN)
    console.print(f"Results: {summary.directory}", **_PLAIN)
    if summary.failures:
        raise SystemExit(SOME_FAILED)


@contextmanager
def importing() -> Iterator[None]:
    """Tell what the user waits for."""
    from rich.console import Console

    with Console(stderr=True).status("importing torch"):
        yield


def _where(text: str | None, document: LoadedDocument) -> dict[str, Any]:
    """The executor of the option as an option of ``TwoStageRun``; that of the document without one."""
    if text is None:
        return {}
    from twostage.config.executors import chosen_executor, refuse_missing

    config = chosen_executor(text, document.config.executor)
    refuse_missing(config)
    with importing():
        from twostage.components import build
        from twostage.engine.executors import InProcess
    return {"executor": InProcess() if config is None else build(config)}


def where(folder: Path | None) -> list[str]:
    """The option as an override, so that the document that is kept beside the results says where they went."""
    return [] if folder is None else [f"output.root={json.dumps(str(folder))}"]


def read(file: Path | None, overrides: list[str], local: Path | None) -> LoadedDocument:
    """Read the document before anything slow is imported, so that a mistake in it is told at once."""
    from twostage.config.load import load_document
    from twostage.config.presets import load_preset

    if file is None:
        return load_preset("default", overrides=overrides, local=local)
    return load_document(file, overrides=overrides, local=local)
