"""Commands that only read documents, against bare Python."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pairs import ratio
from twostage.config.presets import preset_text


def measure() -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "document.yaml"
        document.write_text(preset_text("default"), encoding="utf-8")
        for arguments in (["--help"], ["validate", str(document)], ["schema"]):
            yield _one(arguments)


def _one(arguments: list[str]) -> tuple[str, str]:
    def ours() -> None:
        subprocess.run([sys.executable, "-m", "twostage", *arguments], check=True, capture_output=True)

    def bare() -> None:
        subprocess.run([sys.executable, "-c", "pass"], check=True)

    mine, theirs, _ = ratio(ours, bare)
    return f"{arguments[0]}: {mine:.2f} s, bare Python {theirs:.2f} s, more by {mine - theirs:.2f} s", "at most +0.5 s"
