"""The entries of a file in the order of its text, so that a comment finds its neighbours."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from twostage.config.reading.tree import KeyPath

Form = Literal["scalar", "block", "flow", "nothing"]


@dataclass(slots=True)
class Entry:
    """A key with its value, or an item. Places are indices into the text; ``start`` is at the key or the dash."""

    path: KeyPath
    start: int
    column: int
    parent: Entry | None
    value_start: int = -1
    end: int = -1
    form: Form = "scalar"

    @property
    def holds_lines(self) -> bool:
        """Whether lines that are indented deeper would belong to it."""
        return self.form in {"block", "nothing"}

    def within(self, other: Entry | None) -> bool:
        """Whether this is the other entry or stands below it."""
        entry: Entry | None = self
        while entry is not None and entry is not other:
            entry = entry.parent
        return entry is other


class Entries:
    """All entries of a file; the first is the document itself, which starts before everything."""

    def __init__(self) -> None:
        self.document = Entry((), -1, 0, None, form="block")
        self.all = [self.document]
        self._starts: list[int] = []

    def add(self, path: KeyPath, start: int, column: int, parent: Entry) -> Entry:
        """A new entry; its value is filled in later. Entries come in the order of the text."""
        entry = Entry(path, start, column, parent)
        self.all.append(entry)
        return entry

    def around(self, index: int) -> tuple[Entry, Entry | None]:
        """The last entry that starts before an index, and the next one."""
        position = self._before(index)
        return self.all[position - 1], self.all[position] if position < len(self.all) else None

    def between(self, start: int, end: int) -> list[Entry]:
        """The entries that start in a stretch of text."""
        return self.all[self._before(start) : self._before(end)]

    def _before(self, index: int) -> int:
        if len(self._starts) != len(self.all):
            self._starts = [entry.start for entry in self.all]
        return bisect_left(self._starts, index)
