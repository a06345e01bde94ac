"""Telling and storing what ``twostage convert`` found."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import typer

from twostage.legacy.command.batch import Job
from twostage.legacy.command.outcome import Outcome
from twostage.legacy.command.storing import replace_file, write_new
from twostage.legacy.text.diff import unified_diff

Form = Literal["text", "diff", "explain", "json"]
DOCS = "docs/migration/notices.md"


def store(jobs: Sequence[Job], outcomes: Sequence[Outcome], *, replace: bool) -> None:
    """Write the documents where they belong. Raises TwoStageError where a file is in the way."""
    for job, outcome in zip(jobs, outcomes, strict=True):
        if outcome.status == "failed" or (outcome.status == "unchanged" and job.target is None):
            continue
        target = job.target or job.files[0]
        if replace:
            backup = replace_file(target, outcome.text)
            typer.echo(f"{target}: written" + (f"; what stood there is in {backup}" if backup else ""), err=True)
        else:
            write_new(target, outcome.text)
            typer.echo(f"{target}: written", err=True)
        if outcome.second_text is not None:
            second = target.with_name(f"{target.stem}.second{target.suffix}")
            write_new(second, outcome.second_text)
            typer.echo(f"{second}: written", err=True)


def show(jobs: Sequence[Job], outcomes: Sequence[Outcome], *, form: Form, quiet: bool) -> None:
    """Tell what happened: one document, one record per file, or a table of many."""
    if form == "json":
        for outcome in outcomes:
            typer.echo(json.dumps(outcome.record(), ensure_ascii=False))
        return
    for outcome in outcomes:
        for problem in outcome.problems:
            typer.echo(problem if outcome.status == "failed" else f"{outcome.files[0]}: note: {problem}", err=True)
    if form == "explain":
        for outcome in outcomes:
            typer.echo(_explained(outcome))
    elif len(outcomes) > 1:
        _table(outcomes)
    elif not quiet and jobs[0].target is None:
        _document(outcomes[0], form)


def _document(outcome: Outcome, form: Form) -> None:
    if outcome.status == "failed":
        return
    if form == "diff":
        typer.echo(
            unified_diff(outcome.old_text, outcome.text, outcome.files[0], f"{outcome.files[0]} (converted)"), nl=False
        )
        return
    typer.echo(outcome.text, nl=False)
    if outcome.second_text is not None:
        typer.echo(f"---\n{outcome.second_text}", nl=False)
    counts = outcome.leaves
    if counts["total"]:
        typer.echo(
            f"{outcome.files[0]}: {outcome.shape}, {counts['total']} keys: {counts['mapped']} mapped, "
            f"{counts['kept']} kept, {counts['refused']} refused; --explain tells them all",
            err=True,
        )


def _explained(outcome: Outcome) -> str:
    """Every leaf, then every notice, then the sums."""
    name = " + ".join(outcome.files)
    if outcome.status != "changed":
        return f"{name}: {'nothing to do' if outcome.status == 'unchanged' else 'cannot be converted'}"
    lines = [f"{name}: {outcome.shape} ({outcome.rule}{', ' + outcome.detail if outcome.detail else ''})"]
    for row in outcome.rows:
        fate = f"-> {', '.join(row.to)}" if row.to else f"{row.fate} [{row.code}] {row.reason}"
        lines.append(f"  {row.file}:{row.line}: {row.key} {fate}")
    if outcome.notices:
        lines.append("what to know:")
        lines += [
            f"  {n.file}{f':{n.line}' if n.line else ''}: {n.key}{': ' if n.key else ''}{n.text} [{n.code}]"
            for n in outcome.notices
        ]
        lines.append(f"codes are explained in {DOCS}")
    counts = outcome.leaves
    runs = ", ".join(f"{key} {value}" for key, value in outcome.runs.items())
    lines.append(
        f"{counts['total']} keys = {counts['mapped']} mapped + {counts['kept']} kept + {counts['refused']} refused"
        + (f"; trainings: {runs}" if runs else "")
    )
    return "\n".join(lines)


def _table(outcomes: Sequence[Outcome]) -> None:
    from rich.console import Console  # one file alone needs no table, and is not to wait for it
    from rich.table import Table

    table = Table("file", "shape", "modes", "keys", "mapped", "kept", "refused", "status")
    for outcome in outcomes:
        counts = outcome.leaves
        modes = ", ".join(outcome.modes.values())
        numbers = [str(counts[key]) for key in ("total", "mapped", "kept", "refused")]
        table.add_row(" + ".join(outcome.files), outcome.shape, modes, *numbers, outcome.status)
    Console(soft_wrap=True).print(table)
    sums = Counter(outcome.status for outcome in outcomes)
    typer.echo(", ".join(f"{count} {status}" for status, count in sorted(sums.items())))
