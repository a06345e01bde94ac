"""``twostage runs``: what is in a folder of results, how runs differ, and what no run can reach."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from twostage.engine.store.store import Store
    from twostage.report.runs import Run

runs = typer.Typer(help="Look at runs: list, show, compare, export, and clear up.", no_args_is_help=False)

Root = Annotated[Path, typer.Option("--root", help="Folder of all runs; output.root of the documents.")]
Named = Annotated[str, typer.Argument(metavar="RUN", help="Name of its folder, a part of that, its path, or last.")]
_SAVE = Path("save")
_HOUR = 3600.0


@runs.callback(invoke_without_command=True)
def _list_by_default(context: typer.Context) -> None:
    """Look at runs: list, show, compare, export, and clear up."""
    if context.invoked_subcommand is None:
        ls()


@runs.command()
def ls(root: Root = _SAVE) -> None:
    """List all runs, the latest first."""
    from rich.console import Console

    from twostage.report.run_views import list_view
    from twostage.report.runs import runs_under

    found = runs_under(root)
    Console().print(list_view(found, {run.id: _state(run, root) for run in found}))


@runs.command()
def show(run: Named, root: Root = _SAVE) -> None:
    """Show what has become of each training of a run."""
    from rich.console import Console

    from twostage.report.run_views import run_view
    from twostage.report.runs import find_run

    found = find_run(root, run)
    Console().print(run_view(found, _state(found, root)))


@runs.command()
def diff(first: Named, second: Named, root: Root = _SAVE) -> None:
    """Show how two runs differ: their documents key by key, and the metrics of trainings that both have."""
    from rich.console import Console

    from twostage.report.run_views import diff_view
    from twostage.report.runs import find_run

    one, other = find_run(root, first), find_run(root, second)
    Console().print(diff_view(one, other, (_leaves(one), _leaves(other))))


@runs.command()
def export(
    named: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]...", help="Runs; without any all of them.")
    ] = None,
    root: Root = _SAVE,
    kind: Annotated[
        Literal["csv", "json"], typer.Option("--format", help="A row for each metric, as csv or json.")
    ] = "csv",
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write; without it, to standard output.")
    ] = None,
) -> None:
    """Write all metrics of runs, one row each."""
    from twostage.report.runs import find_run, rows_of, runs_under

    chosen = [find_run(root, name) for name in named] if named else runs_under(root)
    text = _text([row for run in chosen for row in rows_of(run)], kind)
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


@runs.command()
def gc(
    root: Root = _SAVE,
    delete: Annotated[  # noqa: FBT002 - how typer writes a flag
        bool, typer.Option("--delete", help="Remove them; without it they are only listed.")
    ] = False,
    hours: Annotated[
        float, typer.Option("--older-than", metavar="HOURS", help="Leave what is younger.", min=0.0)
    ] = 1.0,
) -> None:
    """List trainings in the store that no run can reach, or remove them; folders of runs are left alone."""
    from contextlib import closing

    from twostage.engine.store.gc import remove, unreachable
    from twostage.engine.store.store import Store
    from twostage.report.runs import runs_under

    with closing(Store(root)) as store:
        keys = {key for run in runs_under(root) for key in run.keys.values()}
        found = unreachable(store, keys, older_than=hours * _HOUR)
        for each in found:
            typer.echo(f"{'removed' if delete else 'unreachable'}: {each.key[:12]} {each.name} ({_amount(each.bytes)})")
        if delete:
            remove(store, found)
    total = _amount(sum(each.bytes for each in found))
    if not found:
        typer.echo("Every training in the store belongs to a run, or is too young.")
    elif not delete:
        typer.echo(f"{len(found):,} trainings, {total}. Nothing was removed; --delete removes them.")
    else:
        typer.echo(f"{len(found):,} trainings, {total}, were removed.")


def _state(run: Run, root: Path) -> str:
    """The state of the manifest; a run that was killed could not write how it ended."""
    state: str = run.manifest["status"]
    if state != "running":
        return state
    from twostage.engine.store.store import Store

    store = Store(root)
    return "running" if any(_at_work(store, run.keys[name]) for name in run.open) else "stopped"


def _at_work(store: Store, key: str) -> bool:
    return store.leases.holder(store.work(key)) is not None


def _leaves(run: Run) -> dict[str, Any]:
    from twostage.config.load import load_config
    from twostage.config.reading.provenance import leaves

    document = load_config(run.lock).model_dump(mode="json", exclude={"legacy"})
    return {".".join(map(str, path)): value for path, value in leaves(document)}


def _text(rows: Sequence[dict[str, Any]], kind: str) -> str:
    import csv
    import io
    import json

    if kind == "json":
        return json.dumps(rows, indent=2) + "\n"
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _amount(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004 - of a unit
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} GB"
