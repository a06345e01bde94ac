"""Converting old files, against what PyYAML needs to read them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.pairs import ratio
from twostage.legacy.command.job import Wish, convert_files

FILES = 100
# Bytecode is kept, as it is of any installed package; the first of the runs writes it.
INSTALLED = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
EXAMPLES = Path(__file__).parents[1] / "legacy_configs"


def measure() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        files = list(_copies(Path(folder)))
        yield _all(files)
        yield _one(files[0])


def _copies(folder: Path) -> Iterator[Path]:
    """Old files of all shapes, again and again until there are enough."""
    olds = sorted(path for path in EXAMPLES.glob("*.yaml") if not path.name.endswith(".new.yaml"))
    for number in range(FILES):
        path = folder / f"{number:03d}.yaml"
        path.write_bytes(olds[number % len(olds)].read_bytes())
        yield path


def _all(files: list[Path]) -> tuple[str, str]:
    size = sum(path.stat().st_size for path in files) / 1000

    def ours() -> None:
        for path in files:
            convert_files([path], Wish())

    def theirs() -> None:
        for path in files:
            yaml.safe_load(path.read_bytes())

    mine, other, _ = ratio(ours, theirs)
    return f"{len(files)} files ({size:.0f} kB): {mine:.2f} s, reading alone by PyYAML {other:.2f} s", "237 in 20 s"


def _one(file: Path) -> tuple[str, str]:
    def ours() -> None:
        line = [sys.executable, "-m", "twostage", "convert", str(file)]
        subprocess.run(line, check=True, capture_output=True, env=INSTALLED)

    def bare() -> None:
        subprocess.run([sys.executable, "-c", "pass"], check=True, env=INSTALLED)

    mine, other, _ = ratio(ours, bare)
    return f"one file: {mine:.2f} s, bare Python {other:.2f} s, more by {mine - other:.2f} s", "at most +0.6 s"
