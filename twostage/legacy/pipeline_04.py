"""``python -m twostage.legacy.pipeline_04``: unified metric learning from an old document."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace

from twostage.cli.run import run_document
from twostage.legacy.shell import guarded, options, read_shell


def main(arguments: list[str] | None = None) -> None:
    """Read, convert, run. Raises TwoStageError for a user's mistake."""
    parser = ArgumentParser("twostage.legacy.pipeline_04", description=__doc__, allow_abbrev=False)
    parser = options(parser, local=False)
    parser.add_argument("--config_path", required=True, metavar="FILE", help="the old document")
    parser.add_argument("--notes", default="", metavar="TEXT", help="kept with the run, in its lock")
    given = parser.parse_args(arguments)
    document = read_shell([given.config_path], given, pipeline="04")
    if given.notes:
        document = replace(document, notes=(*document.notes, given.notes))
    run_document(document, dry_run=given.dry_run)


if __name__ == "__main__":
    guarded(main)
