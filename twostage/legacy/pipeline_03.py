"""``python -m twostage.legacy.pipeline_03``: backbones compared by pretraining and fine-tuning."""

from __future__ import annotations

from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from twostage.cli.run import run_document
from twostage.errors import TwoStageError
from twostage.legacy.shell import guarded, options, read_shell

if TYPE_CHECKING:
    from twostage.cli.run import Part


def main(arguments: list[str] | None = None) -> None:
    """Read, convert, run. Raises TwoStageError for a user's mistake."""
    parser = options(ArgumentParser("twostage.legacy.pipeline_03", description=__doc__, allow_abbrev=False))
    parser.add_argument("--config_path", required=True, metavar="FILE", help="the old document")
    parser.add_argument("--stage", choices=["pretraining", "finetuning", "complete"], default="complete")
    parser.add_argument("--checkpoint_dir", metavar="DIR", help="earlier run, or a folder of runs, for finetuning")
    given = parser.parse_args(arguments)
    if given.stage == "finetuning" and given.checkpoint_dir is None:
        raise TwoStageError("--stage finetuning starts from an earlier run; name its folder with --checkpoint_dir")
    if given.stage != "finetuning" and given.checkpoint_dir is not None:
        raise TwoStageError(f"--checkpoint_dir has no effect with --stage {given.stage}")
    document = read_shell([given.config_path], given, pipeline="03")

    run_document(document, dry_run=given.dry_run, part=part_of(given.stage, given.checkpoint_dir))


def part_of(stage: str, checkpoint_dir: str | None) -> Part | None:
    """``pretraining``, ``finetuning`` (from the checkpoints of an earlier run) or, as None, all of a plan."""
    if stage == "complete":
        return None
    from twostage.legacy.earlier import from_earlier, pretrainings  # noqa: PLC0415 - needs torch

    return pretrainings if checkpoint_dir is None else partial(from_earlier, folder=Path(checkpoint_dir))


if __name__ == "__main__":
    guarded(main)
