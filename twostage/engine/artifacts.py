"""The folder of a run: every file and stage appears whole or not at all.

A stage is written aside in a hidden folder of the same file system, synced, and renamed into place. The folder of the
run itself appears with its first finished stage, so that a run that fails early leaves nothing behind.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any
from uuid import uuid4

from safetensors import SafetensorError

from twostage.config.document import TwoStageConfig
from twostage.config.fan_out import backbones_of
from twostage.errors import OutputError

_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NEARLY_NOTHING = 64 * 1024


class RunDirectory:
    """``root/{metadata}/{model}/{task}_{timestamp}``, the layout that the field knows; never one that exists.

    Several sources or backbones stand side by side in their part of the name.
    """

    def __init__(self, root: Path, config: TwoStageConfig, *, source: str, started: datetime) -> None:
        self.root = root
        model = (
            f"{config.model.embedding.kind}_{'+'.join(dict.fromkeys(each.kind for _, each in backbones_of(config)))}"
        )
        self._wanted = root / source / model / f"{task_name(config)}_{started:%Y%m%dT%H%M%S}"
        self._path: Path | None = None
        self._made: list[Path] = []
        self.partial = root / f".partial-{uuid4().hex[:8]}"
        try:
            self._make(self.partial)
            (self.partial / "reserve").write_bytes(os.urandom(_NEARLY_NOTHING))
        except BaseException:
            self.close()
            raise

    @property
    def exists(self) -> bool:
        """Whether something is in place already."""
        return self._path is not None

    @property
    def path(self) -> Path:
        """The run's folder; made when first asked for, with a number behind its name where that is taken."""
        if self._path is None:
            self._make(self._wanted.parent)
            self._path = _fresh(self._wanted)
            self._made.insert(0, self._path)
        return self._path

    def aside(self, name: str) -> Path:
        """An empty folder to write a stage in."""
        folder = self.partial / name
        folder.mkdir(parents=True)
        return folder

    def commit(self, name: str) -> Path:
        """Sync what was written aside under ``name`` and rename it into place."""
        target = self.path / name
        self._make(target.parent)
        _sync_tree(self.partial / name)
        (self.partial / name).rename(target)
        _sync(target.parent)
        return target

    def write(self, name: str, text: str) -> None:
        """Write or replace one file of the run."""
        aside = self.partial / f"{name}.new"
        aside.write_text(text, encoding="utf-8")
        _sync(aside)
        aside.replace(self.path / name)
        _sync(self.path)

    def clear(self) -> None:
        """Remove what was not committed, and the room that was reserved to write down how a run ended."""
        for path in self.partial.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink()

    def close(self) -> None:
        """Remove what was not committed, and the folders that were made in vain."""
        shutil.rmtree(self.partial, ignore_errors=True)
        for folder in self._made:
            with suppress(OSError):  # it holds something, and stays
                folder.rmdir()

    def _make(self, folder: Path) -> None:
        """Make a folder and what it lies in, and remember those that were not there."""
        self._made[:0] = takewhile(lambda path: not path.exists(), (folder, *folder.parents))
        folder.mkdir(parents=True, exist_ok=True)


def task_name(config: TwoStageConfig) -> str:
    """What the run does, such as ``contrastive-finetune``."""
    first = [] if config.stage_1 is None else [config.stage_1.pretrain_mode]
    second = [] if config.stage_2 is None else [config.stage_2.adapt_mode]
    return "-".join([*first, *second])


def json_text(content: Any) -> str:
    """Indented JSON; a value that is no number is an error rather than invalid JSON."""
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


@contextmanager
def told_plainly(root: Path) -> Iterator[None]:
    """Turn a folder that cannot be written, or a full disk, into an OutputError."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise OutputError(_full(root)) from error
        if error.errno in _UNWRITABLE:
            raise OutputError(f"cannot write {error.filename or root}: {error.strerror}") from error
        raise
    except (RuntimeError, SafetensorError) as error:
        # Writers in compiled code report a full disk in words of their own.
        if root.is_dir() and shutil.disk_usage(root).free < _NEARLY_NOTHING:
            raise OutputError(_full(root)) from error
        raise


def _full(root: Path) -> str:
    return f"no space is left to write results under {root}; nothing unfinished was kept"


def _fresh(wanted: Path) -> Path:
    for number in range(1, 10_000):
        candidate = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            candidate.mkdir()
        except FileExistsError:
            continue
        return candidate
    raise OutputError(f"{wanted} and 9999 numbered names beside it exist already")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        _sync(path)
