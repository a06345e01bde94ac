# ruff: noqa: INP001 - a script beside the documents, not a package
"""Write the converted twin of every old document in this folder, as ``twostage convert`` writes it.

Run it from the root of the repository: ``.venv/bin/python legacy_configs/make.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from twostage.config.carrier import Pipeline
from twostage.legacy.command.job import Wish, convert_files

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Example:
    """Old files that become one document. ``pipeline`` is what ``--pipeline`` must say."""

    name: str
    files: tuple[str, ...]
    shape: str
    pipeline: Pipeline | None = None

    @property
    def twin(self) -> Path:
        """The converted document."""
        return FOLDER / f"{self.name}.new.yaml"

    @property
    def paths(self) -> list[Path]:
        """The old files."""
        return [FOLDER / file for file in self.files]

    def converted(self) -> str:
        """The text of the twin."""
        outcome = convert_files(self.paths, Wish(pipeline=self.pipeline))
        if outcome.status != "changed":
            raise SystemExit("\n".join(outcome.problems))
        return outcome.text


def _alone(name: str, shape: str, pipeline: Pipeline | None = None) -> Example:
    return Example(name, (f"{name}.yaml",), shape, pipeline)


EXAMPLES = (
    _alone("single_train", "single"),
    _alone("single_pretrain", "single"),
    _alone("single_args", "single"),
    Example("pair", ("pair_pretrain.yaml", "pair_fewshot.yaml"), "pair"),
    _alone("p03_training", "p03"),
    _alone("p03_variations", "p03"),
    _alone("p04_blocks", "p04"),
    _alone("p04_flat", "single", "04"),
    _alone("stages", "stages"),
    _alone("composed", "single"),
    _alone("local", "fragment"),
)


if __name__ == "__main__":
    for example in EXAMPLES:
        example.twin.write_text(example.converted(), encoding="utf-8")
