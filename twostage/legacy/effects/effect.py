"""What a key of the old documents did in the old code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["live", "partly", "past", "never", "overwritten", "exported", "unknown"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a key did in the last version of the old code.

    - ``live``: it was read and mattered. ``partly``: only under the condition that the note states.
    - ``past``: an earlier version read it. ``never``: nobody read it, or what was read could not matter.
    - ``overwritten``: another value always took its place. ``exported``: it became an environment variable.
    - ``unknown``: no version that we know has it; a user's own key.

    ``note`` is the middle of a sentence, without a full stop. ``instead`` is the spelling that the old code read.
    """

    status: Status
    note: str = ""
    instead: str | None = None


Table = Mapping[str, Effect]


def bare(status: Status, names: str, note: str = "") -> Table:
    """Several keys, parted by spaces, of which the same is to say."""
    return dict.fromkeys(names.split(), Effect(status, note))


def live(note: str = "") -> Effect:
    """A key that was read."""
    return Effect("live", note)


def partly(note: str) -> Effect:
    """A key that was read under a condition."""
    return Effect("partly", note)


def past(note: str = "", instead: str | None = None) -> Effect:
    """A key that an earlier version read."""
    return Effect("past", note, instead)


def never(note: str = "", instead: str | None = None) -> Effect:
    """A key that had no effect in any version."""
    return Effect("never", note, instead)
