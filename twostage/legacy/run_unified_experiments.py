"""``python -m twostage.legacy.run_unified_experiments``: one pretraining per seed, and every fine-tune of it."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from twostage.cli.run import run_document
from twostage.errors import TwoStageError
from twostage.legacy.pipeline_03 import part_of
from twostage.legacy.shell import guarded, options, read_any

if TYPE_CHECKING:
    from twostage.config.load import LoadedDocument

# A run of this name adapts for one epoch only because measuring comes before it.
ZERO_SHOT = "zero_shot_eval"
MODES = ("pretraining", "finetuning", ZERO_SHOT, "complete", "status")


def main(arguments: list[str] | None = None) -> None:
    """Read, convert where it is old, run or tell. Raises TwoStageError for a user's mistake."""
    parser = options(ArgumentParser("twostage.legacy.run_unified_experiments", description=__doc__, allow_abbrev=False))
    parser.add_argument("--mode", choices=MODES, default="complete", help="what to run; status runs nothing")
    parser.add_argument("--config", required=True, metavar="FILE", help="the document, old or new")
    parser.add_argument("--output_dir", metavar="DIR", help="folder of all runs, instead of the document's")
    parser.add_argument(
        "--checkpoint_dir", metavar="DIR", help="earlier run, or a folder of runs; without it that of all runs"
    )
    given = parser.parse_args(arguments)
    starts = given.mode in {"finetuning", ZERO_SHOT}
    if given.checkpoint_dir is not None and not starts:
        raise TwoStageError(f"--checkpoint_dir has no effect with --mode {given.mode}")
    if given.output_dir is not None:
        given.option.append(f"output.root={json.dumps(given.output_dir)}")
    document = read_any(given.config, given)
    if given.mode == "status":
        _status(document)
        return
    folder = (given.checkpoint_dir or document.config.output.root) if starts else None
    if given.mode == ZERO_SHOT:
        _zero_shot(_measuring(document, given), Path(str(folder)), given)
        return
    run_document(document, dry_run=given.dry_run, part=part_of(given.mode, folder))


def _measuring(document: LoadedDocument, given: Namespace) -> LoadedDocument:
    """The document with zero-shot measured, and no more than one epoch of the adaptation that it comes before."""
    config = document.config
    if config.stage_1 is None or config.stage_2 is None:
        raise TwoStageError(f"{ZERO_SHOT} needs a document with stage_1 and stage_2")
    asked = [f"name={ZERO_SHOT}", "stage_2.control=from_scratch"]  # an untrained encoder tells classes apart as well
    asked += [] if config.stage_1.zero_shot is not None else ["stage_1.zero_shot={}"]
    if config.stage_2.trains:
        asked += ["stage_2.epochs=1"]
        asked += ["stage_2.scheduler={kind: constant}"] if config.stage_2.scheduler.kind == "cosine" else []
    return read_any(given.config, Namespace(**{**vars(given), "option": [*given.option, *asked]}))


def _zero_shot(document: LoadedDocument, folder: Path, given: Namespace) -> None:
    """Measure the encoders of an earlier pretraining on every target before it adapts."""
    from rich.console import Console  # noqa: PLC0415 - what follows is slow to import

    from twostage.api import TwoStageRun  # noqa: PLC0415
    from twostage.cli.preview import preview_view  # noqa: PLC0415
    from twostage.cli.progress import progress_on  # noqa: PLC0415
    from twostage.legacy.earlier import from_earlier  # noqa: PLC0415
    from twostage.report.manifest import read_stages  # noqa: PLC0415
    from twostage.report.zero_shot import zero_shot_view  # noqa: PLC0415

    console, errors = Console(), Console(stderr=True)
    for note in document.notes:
        errors.print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    with progress_on(errors) as progress:
        run = TwoStageRun(document, observer=progress)
        plan = from_earlier(run.plan(), folder)
        if given.dry_run:
            console.print(preview_view(run.preview(plan)))
            return
        directory = run.run_plan(plan).directory
    for table in zero_shot_view(read_stages(directory)):
        console.print(table)
    console.print(f"Results: {directory}", highlight=False, markup=False, soft_wrap=True)


def _status(document: LoadedDocument) -> None:
    """What the manifests say: every run, and which trainings of the document are done."""
    from rich.console import Console  # noqa: PLC0415 - what follows is slow to import
    from rich.table import Table  # noqa: PLC0415

    from twostage.engine.planning.plan import make_plan  # noqa: PLC0415
    from twostage.legacy.earlier import earlier_runs  # noqa: PLC0415

    root = Path(document.config.output.root)
    runs = earlier_runs(root) if root.is_dir() else []
    table = Table(title=f"Runs in {root}")
    for title in ("run", "name", "status", "done", "started"):
        table.add_column(title, overflow="fold")
    for run in runs:
        done = f"{len(run.checkpoints)} of {len(run.planned)}"
        table.add_row(str(run.directory.relative_to(root)), run.name, run.status, done, run.started)
    planned = [stage.name for stage in make_plan(document.config).stages]
    found = {name for run in runs if run.name != ZERO_SHOT for name in run.checkpoints}
    console = Console(soft_wrap=True)
    console.print(table)
    missing = [name for name in planned if name not in found]
    console.print(
        f"{len(planned) - len(missing)} of {len(planned)} trainings of the document are done", highlight=False
    )
    for name in missing:
        console.print(f"missing: {name}", highlight=False, markup=False)


if __name__ == "__main__":
    guarded(main)
