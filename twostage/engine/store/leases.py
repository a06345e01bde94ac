"""Who is at work on a stage: leases that heal themselves, without locks of the operating system.

A lease is a file ``lease-N`` that its holder makes with O_EXCL and rewrites as it goes on. The holder is whoever made
the highest number. A lease is stale when its process is dead, or when it has not been rewritten for a while, by the
clock of the one who looks: clocks of other machines do not count. Then whoever makes number N + 1 has taken over; of
several who try, one succeeds. A holder that was taken for dead and wakes up finds the higher number, and gives up.

No result depends on any of this. Should two workers ever train one stage, both get the same bits, and one of them is
kept.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from twostage.engine.store.processes import Process, this_process

EXPIRES = 60.0
HANGS = 1800.0
_BEATS = 6


class Leases:
    """Claims folders of work. One lease that is not rewritten for ``expires`` seconds is stale.

    A holder rewrites it for ``hangs`` seconds after its last sign of life; see ``Lease.alive``.
    """

    def __init__(self, *, expires: float = EXPIRES, hangs: float = HANGS) -> None:
        self.expires, self.hangs = expires, hangs
        self._seen: dict[Path, tuple[bytes, float]] = {}

    def claim(self, folder: Path) -> Lease | None:
        """Take the work in this folder; None while somebody else is at it."""
        folder.mkdir(parents=True, exist_ok=True)
        numbers = sorted(_numbers(folder))
        if numbers and self._held(_path(folder, numbers[-1])):
            return None
        lease = Lease(folder, numbers[-1] + 1 if numbers else 1, self)
        if not lease.made():
            return None
        for number in numbers:
            _path(folder, number).unlink(missing_ok=True)
            self._seen.pop(_path(folder, number), None)
        return lease

    def holder(self, folder: Path) -> Process | None:
        """Who is at work in this folder, as far as can be known at a glance."""
        for number in sorted(_numbers(folder), reverse=True):
            process = _process(_read(_path(folder, number)))
            return None if process is not None and process.dead else process
        return None

    def _held(self, path: Path) -> bool:
        content = _read(path)
        process = _process(content)
        if process is not None and process.dead:
            return False
        now = time.monotonic()
        before, since = self._seen.get(path, (None, now))
        if content != before:
            self._seen[path] = (content, now)
            return True
        return now - since < self.expires


class Lease:
    """The right to work in a folder, for as long as it is rewritten."""

    def __init__(self, folder: Path, number: int, terms: Leases) -> None:
        self.folder, self.number, self._terms = folder, number, terms
        self._path = _path(folder, number)
        self._beats = 0
        self._last_sign = time.monotonic()

    @property
    def lost(self) -> bool:
        """Whether somebody has taken over."""
        return not self._path.exists() or max(_numbers(self.folder), default=0) > self.number

    def made(self) -> bool:
        """Make the file; False when another one was faster."""
        try:
            descriptor = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        except (FileExistsError, FileNotFoundError):  # the whole folder goes when its stage is done
            return False
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(self._text())
        return True

    def alive(self) -> None:
        """Say that the work goes on; to be called with each batch."""
        self._last_sign = time.monotonic()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Rewrite the lease from a thread while the work inside shows signs of life; give it back at the end."""
        over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            if not self.lost:
                self._path.unlink(missing_ok=True)

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(self._terms.expires / _BEATS):
            if self.lost:
                return
            if time.monotonic() - self._last_sign < self._terms.hangs:
                with suppress(OSError):  # a full disk or a server that is away; the next one may come through
                    self._rewrite()

    def _rewrite(self) -> None:
        self._beats += 1
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        aside.write_text(self._text(), encoding="utf-8")
        aside.replace(self._path)

    def _text(self) -> str:
        now = datetime.now(tz=UTC).isoformat(timespec="seconds")
        return json.dumps(asdict(this_process()) | {"beat": self._beats, "time": now}) + "\n"


def _path(folder: Path, number: int) -> Path:
    return folder / f"lease-{number}"


def _numbers(folder: Path) -> list[int]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - iterdir needs a path for each name
    except FileNotFoundError:
        return []
    return [int(name.removeprefix("lease-")) for name in names if name.startswith("lease-")]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _process(content: bytes) -> Process | None:
    """Who wrote a lease; None where its writer was stopped before it was done."""
    try:
        written = json.loads(content)
    except ValueError:
        return None
    return Process(written["host"], written["pid"], written["started"])
