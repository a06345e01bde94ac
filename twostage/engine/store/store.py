"""The store: each finished stage once, under its key."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twostage.engine.store.files import Scratch, json_text, sha256, sync, sync_tree
from twostage.engine.store.leases import Lease, Leases

FOLDER = ".store"
RECORD = "stage.json"
FORMAT = 1


@dataclass(frozen=True)
class Record:
    """A finished stage: its folder, and what ``stage.json`` says of it.

    ``content["result"]`` is what was measured, ``["made"]`` where and when, ``["made_of"]`` what the key stands for,
    ``["files"]`` size and sha256 of every file.
    """

    key: str
    folder: Path
    content: Mapping[str, Any]

    @property
    def whole(self) -> bool:
        """Whether every file is there with the size that was written down."""
        return all(_size(f"{self.folder}/{name}") == file["bytes"] for name, file in self.content["files"].items())

    def damaged(self) -> list[str]:
        """Names of files that are not what was written down; reads all of them."""
        named: Mapping[str, Any] = self.content["files"]
        return [
            name
            for name, file in named.items()
            if _size(f"{self.folder}/{name}") != file["bytes"] or sha256(self.folder / name) != file["sha256"]
        ]


class Store:
    """Finished stages under ``root/.store``; see the docstring of this package. Nothing is made before it is needed."""

    def __init__(self, root: Path, leases: Leases | None = None) -> None:
        self.root, self.folder = root, root / FOLDER
        self.leases = Leases() if leases is None else leases
        self.scratch = Scratch(self.folder / "scratch")

    def find(self, key: str) -> Record | None:
        """The finished stage of this key; None where there is none, or where a file of it is missing."""
        place = self._place(key)
        try:
            with open(f"{place}/{RECORD}", "rb") as file:  # noqa: PTH123 - a path for each of 10,000 stages takes long
                content = json.load(file)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        record = Record(key, Path(place), content)
        return record if content.get("key") == key and record.whole else None

    def records(self) -> Iterator[Record]:
        """Every finished stage, in the order of the keys."""
        for shelf in sorted((self.folder / "stages").glob("*")):
            for folder in sorted(shelf.iterdir()):
                if (record := self.find(folder.name)) is not None:
                    yield record

    def work(self, key: str) -> Path:
        """The folder of what is known of a stage before it is finished; it may not be there."""
        return self.folder / "work" / key

    def claim(self, key: str) -> Lease | None:
        """The right to train a stage; None while somebody else does. Look again with ``find`` once you have it."""
        return self.leases.claim(self.work(key))

    def commit(self, key: str, folder: Path, content: Mapping[str, Any]) -> Record:
        """Put a stage that was written in ``folder``, a folder of ``scratch``, in place under its key.

        Where there is one already, that one stays: equal keys promise equal results.
        """
        files = {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        whole = {"format": FORMAT, "key": key, **content, "files": files}
        sync_tree(folder)
        self.scratch.write(folder / RECORD, json_text(whole))
        return self._put(key, folder) or Record(key, Path(self._place(key)), whole)

    def done(self, key: str) -> None:
        """Remove what is known of a stage's training; it is finished."""
        shutil.rmtree(self.work(key), ignore_errors=True)

    def tidy(self, key: str) -> None:
        """The same for a stage whose worker was stopped between finishing it and this."""
        if self.work(key).is_dir():
            with suppress(OSError):  # of a store that may only be read
                if self.claim(key) is not None:
                    self.done(key)

    def forget(self, key: str) -> None:
        """Remove a finished or half-trained stage. Folders of runs keep their files."""
        self._set_aside(Path(self._place(key)))
        self._set_aside(self.work(key))

    def close(self) -> None:
        """Remove what this process was writing."""
        self.scratch.close()

    def _put(self, key: str, folder: Path) -> Record | None:
        """Rename into place; the record that is there already, if there is one."""
        place = Path(self._place(key))
        place.parent.mkdir(parents=True, exist_ok=True)
        if (there := self.find(key)) is not None:
            return there
        self._set_aside(place)  # damaged
        try:
            folder.rename(place)
        except OSError:
            if (there := self.find(key)) is None:  # somebody was faster
                raise
            return there
        sync(place.parent)
        return None

    def _set_aside(self, folder: Path) -> None:
        if folder.exists():
            gone = self.scratch.fresh()
            folder.rename(gone / "gone")
            shutil.rmtree(gone, ignore_errors=True)

    def _place(self, key: str) -> str:
        return f"{self.folder}/stages/{key[:2]}/{key}"


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - as above
    except OSError:
        return -1
