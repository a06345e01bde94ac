"""Processes of ours that run a module of this package."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from twostage.engine.pinned_code import pinned_environment

_GRACE = 10.0
_TAIL = 2000


class Child:
    """``python -m MODULE ARGUMENTS`` with the code of a folder, and else as this process; what it says goes to a log.

    It is not of our group: Ctrl-C reaches us alone, and we end it.
    """

    def __init__(
        self, module: str, arguments: Sequence[str], *, code: Path, log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, and a module of ours
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=os.environ | pinned_environment(code) | dict(env or {}),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def say(self, line: str) -> None:
        """Give it a line; one that has ended does not hear it, which shows in ``ended``."""
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def stop(self, *, grace: float = _GRACE) -> None:
        """Ask it to end; after so many seconds it has to."""
        assert self._process.stdin is not None  # noqa: S101 - as above
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_bytes()[-_TAIL:].decode("utf-8", errors="replace").strip()


def how_it_ended(code: int) -> str:
    """Such as ``was killed by signal 9``."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
