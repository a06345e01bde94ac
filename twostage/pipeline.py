"""``python -m twostage.pipeline``: run one document, old or new."""

from __future__ import annotations

from argparse import ArgumentParser

from twostage.cli.run import run_document
from twostage.legacy.shell import guarded, options, read_any


def main(arguments: list[str] | None = None) -> None:
    """Read, convert where it is old, run. Raises TwoStageError for a user's mistake."""
    parser = options(ArgumentParser("twostage.pipeline", description=__doc__, allow_abbrev=False))
    parser.add_argument("--config_path", required=True, metavar="FILE", help="the document, old or new")
    given = parser.parse_args(arguments)
    run_document(read_any(given.config_path, given), dry_run=given.dry_run)


if __name__ == "__main__":
    guarded(main)
