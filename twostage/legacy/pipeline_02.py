"""``python -m twostage.legacy.pipeline_02``: pretraining, then few-shot, from one old document or from two."""

from __future__ import annotations

from argparse import ArgumentParser

from twostage.cli.run import run_document
from twostage.legacy.shell import guarded, options, read_shell


def main(arguments: list[str] | None = None) -> None:
    """Read, convert, run. Raises TwoStageError for a user's mistake."""
    parser = options(ArgumentParser("twostage.legacy.pipeline_02", description=__doc__, allow_abbrev=False))
    parser.add_argument("--config_path", required=True, metavar="FILE", help="document of both stages, or of stage 1")
    parser.add_argument("--fs_config_path", metavar="FILE", help="document of stage 2")
    parser.add_argument(
        "--override", nargs="*", action="extend", default=[], metavar="KEY=VALUE", help="set a key of the old document"
    )
    given = parser.parse_args(arguments)
    files = [given.config_path, *([given.fs_config_path] if given.fs_config_path else [])]
    document = read_shell(files, given, pipeline="02", overrides=given.override)
    run_document(document, dry_run=given.dry_run)


if __name__ == "__main__":
    guarded(main)
