"""Which process this is, and whether another one is still there."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process of some machine. ``started`` tells it from a later one that was given its number."""

    host: str
    pid: int
    started: str

    @property
    def here(self) -> bool:
        """Whether it runs, or ran, on this machine since its last start, and under this counting of processes."""
        return self.host == _host()

    @property
    def dead(self) -> bool:
        """Whether it is known to have ended; of another machine's processes nothing is known."""
        return self.here and _start_of(self.pid) != self.started


def this_process() -> Process:
    """The calling process."""
    return Process(_host(), os.getpid(), _start_of(os.getpid()) or "")


@cache
def _host() -> str:
    """Name of the machine, with what tells its starts and its containers apart."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8])
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return "-".join(parts)


def _start_of(pid: int) -> str | None:
    """When a process of this machine was started, in ticks; None for one that is gone or has only to be buried."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None if Path("/proc/self").exists() else _without_proc(pid)
    except ProcessLookupError:
        return None
    fields = status.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _without_proc(pid: int) -> str | None:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return ""
    return ""
