"""The folder of a run: what was asked for, how far it is, and every finished stage under its name."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from twostage.config.document import TwoStageConfig
from twostage.config.fan_out import backbones_of
from twostage.engine.store.files import json_text, link_tree, sync
from twostage.engine.store.store import RECORD, Record, Store
from twostage.errors import DataError, OutputError

_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NEARLY_NOTHING = 64 * 1024


class RunDirectory:
    """One folder of a run, ``root/{metadata}/{model}/{task}_{timestamp}``, the layout that the field knows.

    A stage's folder holds the same files as the store: hard links, or copies where there are no links. So it stays
    whole whatever becomes of the store.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self.path, self.root, self._store = path, store.root, store
        self._reserve = store.scratch.fresh() / "reserve"
        self._reserve.write_bytes(os.urandom(_NEARLY_NOTHING))

    def place(self, name: str, record: Record) -> Path:
        """The folder of a stage, with the files of its record; it appears whole or not at all."""
        target = self.path / name
        if key_in(target) == record.key:
            return target
        aside = self._store.scratch.fresh()
        link_tree(record.folder, aside / "new")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():  # of a key that it had before
            target.rename(aside / "old")
        try:
            (aside / "new").rename(target)
        except OSError:
            if key_in(target) != record.key:  # else another process was faster
                raise
        sync(target.parent)
        shutil.rmtree(aside, ignore_errors=True)
        return target

    def write(self, name: str, text: str) -> None:
        """Write or replace one file of the run."""
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        self._store.scratch.write(self.path / name, text)

    def free_reserve(self) -> None:
        """Give back the room that was kept to write down how a run ended where the disk is full."""
        self._reserve.unlink(missing_ok=True)


class RunFolders:
    """Which run has which folder. Two runs have one key when they are the same document with the same stages."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = store.folder / "runs"

    def known(self, key: str) -> Path | None:
        """The folder of the run with this key, where there is one."""
        try:
            path = self._store.root / (self._files / key).read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        return path if path.is_dir() else None

    def open(self, config: TwoStageConfig, *, key: str, source: str, started: datetime) -> RunDirectory:
        """The folder of the run with this key: the one that is there already, or else a new one."""
        with told_plainly(self._store.root):
            if (there := self.known(key)) is not None:
                return RunDirectory(there, self._store)
            parent = self._store.root / source / model_name(config)
            parent.mkdir(parents=True, exist_ok=True)
            path = _fresh(parent / f"{task_name(config)}_{started:%Y%m%dT%H%M%S}")
            self._files.mkdir(parents=True, exist_ok=True)
            self._store.scratch.write(self._files / key, path.relative_to(self._store.root).as_posix())
            return RunDirectory(path, self._store)


def model_name(config: TwoStageConfig) -> str:
    """The encoder by its kinds, such as ``hse_patchtst+dlinear``, or ``resnet1d`` where it is a complete network."""
    if config.model.embedding is None:
        return config.model.network.kind
    kinds = dict.fromkeys(each.kind for _, each in backbones_of(config) if each is not None)
    return f"{config.model.embedding.kind}_{'+'.join(kinds)}"


def task_name(config: TwoStageConfig) -> str:
    """What the run does, such as ``contrastive-finetune``."""
    runs = config.active
    first = [] if runs.stage_1 is None else [runs.stage_1.pretrain_mode]
    second = [] if runs.stage_2 is None else [runs.stage_2.adapt_mode]
    return "-".join([*first, *second])


@contextmanager
def told_plainly(root: Path) -> Iterator[None]:
    """Turn a folder that cannot be written, or a full disk, into an OutputError.

    A file elsewhere that is gone is one of the data: DataError.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise OutputError(_full(root)) from error
        if error.errno == errno.ENOENT and not _below(error.filename, root):
            raise DataError(f"{error.filename} is not there any more: {error.strerror}") from error
        if error.errno in _UNWRITABLE:
            raise OutputError(f"cannot write {error.filename or root}: {error.strerror}") from error
        raise
    except (RuntimeError, SafetensorError) as error:
        # Writers in compiled code report a full disk in words of their own.
        if root.is_dir() and shutil.disk_usage(root).free < _NEARLY_NOTHING:
            raise OutputError(_full(root)) from error
        raise


def read_json(path: Path) -> Mapping[str, Any] | None:
    """A JSON file; None where there is none."""
    try:
        content: Mapping[str, Any] = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    return content


def _below(filename: Any, root: Path) -> bool:
    return filename is None or Path(os.fsdecode(filename)).absolute().is_relative_to(root.absolute())


def key_in(folder: Path) -> str | None:
    """The key of the stage in a folder of a run; None where there is none."""
    content = read_json(folder / RECORD)
    return None if content is None else content["key"]


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


__all__ = ["RunDirectory", "RunFolders", "json_text", "key_in", "model_name", "read_json", "task_name", "told_plainly"]
