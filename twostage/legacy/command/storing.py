"""Writing converted files: whole or not at all, and never over something without a backup."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from twostage.errors import TwoStageError

BACKUP = ".bak"


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet. Raises TwoStageError where one does."""
    if path.exists():
        raise TwoStageError(f"{path} exists already; add --write to replace it (a backup is kept)")
    path.parent.mkdir(parents=True, exist_ok=True)
    _put(path, text)


def replace_file(path: Path, text: str) -> Path | None:
    """Write a file; what stood there is moved to a name that was free, which is returned."""
    if not path.exists():
        write_new(path, text)
        return None
    old = path.read_bytes()
    if old == text.encode("utf-8"):
        return None
    backup = _free(path)
    _put_bytes(backup, old)
    _put(path, text)
    return backup


def _free(path: Path) -> Path:
    first = path.with_name(path.name + BACKUP)
    numbered = (path.with_name(f"{path.name}{BACKUP}{number}") for number in range(1, 10_000))
    return next(each for each in (first, *numbered) if not each.exists())


def _put(path: Path, text: str) -> None:
    _put_bytes(path, text.encode("utf-8"))


def _put_bytes(path: Path, data: bytes) -> None:
    """Write aside, sync, rename."""
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(aside).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(aside).replace(path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
