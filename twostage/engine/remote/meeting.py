"""Where the nodes that train a stage together meet: a file in the store, which all of them see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from twostage.engine.store.files import json_text
from twostage.engine.store.store import Store

_FILE = "meeting.json"


@dataclass(frozen=True)
class Meeting:
    """One training of a stage: folders of its run, its orders and its code, and where the first process listens."""

    run: str
    control: str
    code: str
    address: str
    port: int
    devices: int
    nodes: int


@contextmanager
def told(store: Store, key: str, meeting: Meeting) -> Iterator[None]:
    """Let other nodes know of a meeting while it lasts."""
    path = store.work(key) / _FILE
    store.scratch.write(path, json_text(asdict(meeting)))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def found(store: Store, key: str) -> Meeting | None:
    """The meeting for the stage of this key; None where there is none, or where it was given up."""
    with suppress(FileNotFoundError, NotADirectoryError):
        meeting = Meeting(**json.loads((store.work(key) / _FILE).read_bytes()))
        return meeting if Path(meeting.control).is_dir() else None
    return None
