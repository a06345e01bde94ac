"""Write the snapshots of this version: ``.venv/bin/python tests/compat/make.py``, from the root of the repository.

``new/*.yaml`` are documents with every key written out, so that the loss of a key, or of a value that it may have, is
found. ``old/*/`` holds old files and what they became. The folders of earlier versions are never written again.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from twostage._version import __version__
from twostage.config.document import TwoStageConfig
from twostage.legacy.command.job import Wish, convert_files

HERE = Path(__file__).resolve().parent
CURRENT = HERE / __version__
sys.path[:0] = [str(HERE), str(HERE.parent)]

from documents import DOCUMENTS  # noqa: E402 - the script may be run from anywhere
from legacy_examples import EXAMPLES  # noqa: E402 - the same

CONVERTED = "converted.yaml"


@dataclass(frozen=True)
class Old:
    """Old files, and how they are converted."""

    name: str
    files: tuple[Path, ...]
    wish: Wish


OLD = (
    *(Old(each.name, tuple(each.paths), Wish(pipeline=each.pipeline)) for each in EXAMPLES if each.name != "composed"),
    *(
        Old(f"{each.name}_as_executed", tuple(each.paths), Wish(pipeline=each.pipeline, reading="as_executed"))
        for each in EXAMPLES
        if each.name in {"single_train", "p04_blocks"}
    ),
)


def snapshots() -> Iterator[tuple[str, str]]:
    """Name and text of every file of the folder of this version."""
    for name, document in DOCUMENTS.items():
        whole = TwoStageConfig.model_validate(document).model_dump(mode="json", exclude={"legacy"})
        yield f"new/{name}.yaml", yaml.safe_dump(whole, sort_keys=False, default_flow_style=None, width=120)
    for old in OLD:
        for path in old.files:
            yield f"old/{old.name}/{path.name}", path.read_text(encoding="utf-8")
        outcome = convert_files(old.files, old.wish)
        if outcome.status != "changed":
            raise SystemExit("\n".join(outcome.problems))
        yield f"old/{old.name}/{CONVERTED}", outcome.text


def main() -> None:
    """Write the folder anew."""
    shutil.rmtree(CURRENT, ignore_errors=True)
    for name, text in snapshots():
        path = CURRENT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
