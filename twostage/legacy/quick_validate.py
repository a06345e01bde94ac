"""``python -m twostage.legacy.quick_validate``: can this document run here? Nothing is simulated."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from twostage.errors import OutputError, TwoStageError
from twostage.legacy.shell import guarded, options, read_any

if TYPE_CHECKING:
    from twostage.legacy.health import Check

REPORT = "validation_report"


def main(arguments: list[str] | None = None) -> None:
    """Check, tell, write the report where one is asked for. Exits with 1 where something fails."""
    parser = options(
        ArgumentParser("twostage.legacy.quick_validate", description=__doc__, allow_abbrev=False), runs=False
    )
    parser.add_argument(
        "--mode",
        choices=["health_check", "full_validation"],
        default="full_validation",
        help="look only, or train every stage for one epoch on a few windows as well",
    )
    parser.add_argument("--config", required=True, metavar="FILE", help="the document, old or new")
    parser.add_argument("--output_dir", metavar="DIR", help=f"write {REPORT}.md and {REPORT}.json here")
    given = parser.parse_args(arguments)
    found = _checks(given)
    for check in found:
        typer.echo(f"{check.status.upper():<4} {check.name}: {check.text}")
    failed = any(check.status == "fail" for check in found)
    typer.echo(f"{given.config}: {'cannot run here' if failed else 'can run here'}")
    if given.output_dir is not None:
        _write(Path(given.output_dir), given, found, failed=failed)
    sys.exit(1 if failed else 0)


def _checks(given: Namespace) -> list[Check]:
    from rich.console import Console  # noqa: PLC0415 - what follows is slow to import

    from twostage.cli.progress import progress_on  # noqa: PLC0415
    from twostage.legacy.health import Check, health, trial  # noqa: PLC0415

    try:
        document = read_any(given.config, given)
    except TwoStageError as error:
        return [Check("document", "fail", str(error))]
    found = [Check("document", "pass", f"{given.config} is valid")]
    found += [Check("document", "warn", note) for note in document.notes]
    found += health(document.config)
    if given.mode == "health_check":
        return found
    if any(check.status == "fail" for check in found):
        return [*found, Check("training", "warn", "not tried, because of the failures above")]
    with progress_on(Console(stderr=True)) as progress:
        return found + trial(document.config, progress)


def _write(folder: Path, given: Namespace, found: Sequence[Check], *, failed: bool) -> None:
    content = {
        "document": given.config,
        "mode": given.mode,
        "result": "fail" if failed else "pass",
        "checks": [asdict(check) for check in found],
    }
    rows = [f"| {check.name} | {check.status} | {_cell(check.text)} |" for check in found]
    lines = [f"# Validation of {given.config}", "", f"Mode: {given.mode}. Result: {content['result']}.", ""]
    text = "\n".join([*lines, "| what | result | found |", "|---|---|---|", *rows]) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{REPORT}.md").write_text(text, encoding="utf-8")
        (folder / f"{REPORT}.json").write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write the report in {folder}: {error.strerror}") from error


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")


if __name__ == "__main__":
    guarded(main)
