"""How many old files of a folder convert into documents that would run: each is tried dry on the synthetic source.

    python benchmarks/corpus.py FOLDER [--run]

A dry run makes the splits and builds the networks of one epoch per stage; ``--run`` trains them as well. Files that are
no configuration, a part of one, or that ask for something the converter refuses by name are counted apart.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

import yaml

from twostage import TwoStageRun
from twostage.errors import TwoStageError
from twostage.legacy.command.job import Wish, convert_files

TINY = ("data.source.kind=synthetic", "trainer.accelerator=cpu", "trainer.devices=1", "data.workers=0")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--run", action="store_true", help="train as well")
    asked = options.parse_args()
    found: Counter[str] = Counter()
    for path in sorted(asked.folder.rglob("*.yaml")):
        kind, words = tried(path, train=asked.run)
        found[kind] += 1
        if words:
            print(f"{path.name}: {kind}: {words}", flush=True)
    print("; ".join(f"{count} {kind}" for kind, count in found.most_common()))


def tried(path: Path, *, train: bool) -> tuple[str, str]:
    """What becomes of one file, and why where it does not run."""
    outcome = convert_files([path], Wish())
    if outcome.status == "failed":
        return "no configuration", ""
    document = yaml.safe_load(outcome.text)
    stages = [name for name in ("stage_1", "stage_2") if document.get(name)]
    if not stages:
        return "a part", ""
    refused = document.get("legacy", {}).get("refused", ())
    with tempfile.TemporaryDirectory() as folder:
        changes = (*TINY, f"output.root={folder}", *(f"{stage}.epochs=1" for stage in stages))
        try:
            run = TwoStageRun(document, overrides=changes)
            _ = run.fit() if train else run.preview()
        except TwoStageError as error:
            told = str(error).splitlines()[0][:300]
            named = any(entry["reason"] in str(error) for entry in refused)
            return "refused by name" if named else "does not run", told
    return "runs" if train else "would run", ""


if __name__ == "__main__":
    main()
