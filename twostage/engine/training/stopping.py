"""Ctrl-C and SIGTERM: the first one stops the run, further ones do not cut its clearing-up short."""

from __future__ import annotations

import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """Ctrl-C."""


class Terminated(SystemExit):
    """SIGTERM; ends the process with the code that a shell would show."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


class _Once:
    """Raises at the first signal, and again only when what it raised was lost on its way, as inside ``__del__``."""

    def __init__(self) -> None:
        self._raised: weakref.ref[BaseException] | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self._raised is not None and self._raised() is not None:
            return
        stop = Interrupted() if number == signal.SIGINT else Terminated()
        self._raised = weakref.ref(stop)
        try:
            raise stop
        finally:
            del stop  # else it and this frame would keep one another alive


@contextmanager
def stoppable() -> Iterator[None]:
    """Let signals end what runs inside by an exception; handlers of the caller's own stay as they are."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    once, replaced = _Once(), {}
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)
        if before in (signal.default_int_handler, signal.SIG_DFL):
            replaced[number] = before
            signal.signal(number, once)
    try:
        yield
    finally:
        for number, before in replaced.items():
            signal.signal(number, before)
