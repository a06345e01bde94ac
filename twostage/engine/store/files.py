"""Files that appear whole or not at all, and survive a loss of power once they are there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from twostage.engine.store.processes import Process, this_process

_PIECE = 1 << 20


def json_text(content: Any) -> str:
    """Indented JSON; a value that is no number is an error rather than invalid JSON."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def sha256(path: Path) -> str:
    """Digest of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def sync(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Wait until a folder and all that is below it is on the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def link_tree(source: Path, target: Path) -> None:
    """The same files under another folder: as hard links, or copied where the file system has none."""
    target.mkdir(parents=True)
    for path in source.rglob("*"):
        other = target / path.relative_to(source)
        if path.is_dir():
            other.mkdir(parents=True, exist_ok=True)
            continue
        other.parent.mkdir(parents=True, exist_ok=True)
        try:
            other.hardlink_to(path)
        except OSError:
            shutil.copy2(path, other)


class Scratch:
    """A folder of this process for what is being written. What dead processes left is swept.

    ``folder`` is shared with other processes and machines; renames from it must stay on one file system.
    """

    def __init__(self, folder: Path) -> None:
        self._shared = folder
        self._own: Path | None = None

    def fresh(self) -> Path:
        """An empty folder."""
        folder = self._mine() / uuid4().hex[:8]
        folder.mkdir()
        return folder

    def write(self, target: Path, text: str) -> None:
        """Write or replace one file."""
        aside = self._mine() / f"{uuid4().hex[:8]}.new"
        aside.write_text(text, encoding="utf-8")
        sync(aside)
        aside.replace(target)
        sync(target.parent)

    def close(self) -> None:
        """Remove what is left of this process's, and of dead ones: a run that has nothing to write sweeps too."""
        if self._own is not None:
            shutil.rmtree(self._own, ignore_errors=True)
            self._own = None
        if self._shared.is_dir():
            self._sweep()

    def _mine(self) -> Path:
        if self._own is None or not self._own.exists():
            # The name says whose it is: a file in it might not be there yet, or not any more.
            me = this_process()
            self._own = self._shared / f"{me.pid}_{me.started}_{me.host}_{uuid4().hex[:8]}"
            self._own.mkdir(parents=True)
            self._sweep()
        return self._own

    def _sweep(self) -> None:
        for folder in self._shared.iterdir():
            pid, started, *host, _ = folder.name.split("_")
            if Process("_".join(host), int(pid), started).dead:
                shutil.rmtree(folder, ignore_errors=True)
