"""To which entry a comment belongs."""

from __future__ import annotations

from collections.abc import Iterable

from twostage.config.reading.tree import KeyPath
from twostage.legacy.text.entries import Entries, Entry
from twostage.legacy.text.lines import Lines
from twostage.legacy.text.nodes import Comment, CommentKind

_Seat = tuple[CommentKind, KeyPath]


def seat_comments(heard: Iterable[tuple[int, str]], entries: Entries, lines: Lines, text: str) -> tuple[Comment, ...]:
    """Every comment that was heard, in the order of the text, each with its kind and path."""
    seats = _Seats(entries, lines, text)
    heard = sorted(heard)
    seats.learn_header([index for index, _ in heard])
    return tuple(seats.comment(index, words) for index, words in heard)


class _Seats:
    """Remembers the last seat, because comments do not jump back into a block that another comment has left."""

    def __init__(self, entries: Entries, lines: Lines, text: str) -> None:
        self._entries, self._lines, self._text = entries, lines, text
        self._header_end = -1
        self._next: Entry | None = None
        self._home: Entry | None = None
        self._own_lines_before = False

    def learn_header(self, indices: list[int]) -> None:
        """Comments at the top are the header, but for those that touch the first key."""
        first = self._entries.around(0)[1]
        limit = first.start if first else self._entries.document.value_start
        above = {self._lines.at(index)[0]: index for index in indices if index < limit and self._alone(index)}
        line = self._lines.at(limit)[0] - 1 if first else 0
        self._header_end = limit
        while line in above:
            self._header_end = above[line]
            line -= 1

    def comment(self, index: int, words: str) -> Comment:
        """The comment at an index, seated."""
        line, column = self._lines.at(index)
        alone = self._alone(index)
        kind, path = self._seat(index, line, column, alone=alone)
        before = alone and self._lines.is_blank(line - 1)
        after = alone and self._lines.is_blank(line + 1)
        return Comment(words, line, column, kind, path, before, after)

    def _seat(self, index: int, line: int, column: int, *, alone: bool) -> _Seat:
        if index < self._header_end:
            return "header", ()
        return self._on_own_line(index, column) if alone else self._beside(index, line)

    def _alone(self, index: int) -> bool:
        start = self._lines.start_of(self._lines.at(index)[0])
        return not self._text[start:index].strip()

    def _beside(self, index: int, line: int) -> _Seat:
        line_start = self._lines.start_of(line)
        if self._text[line_start:index].strip() == "...":
            return "after", ()
        here = self._entries.between(line_start, index)
        in_blocks = [entry for entry in here if entry.parent is None or entry.parent.form != "flow"]
        if in_blocks:
            return "beside", in_blocks[-1].path
        if here:
            shallowest = min(len(entry.path) for entry in here)
            return "beside", next(entry.path for entry in reversed(here) if len(entry.path) == shallowest)
        entry = self._entries.around(index)[0]
        while entry.parent is not None and entry.parent.form == "flow" and entry.parent.end <= index:
            entry = entry.parent
        return ("beside", entry.path) if entry.path else ("after", ())

    def _on_own_line(self, index: int, column: int) -> _Seat:
        last, following = self._entries.around(index)
        bracket = _bracket(last, index)
        if bracket is not None:
            inside = following is not None and following.start < bracket.end
            return ("before", following.path) if following and inside else _end_of(bracket)
        if index < last.value_start and last.form != "block" and last.path:
            return "before", last.path  # between a key and its value
        home = self._home_of(last, following, column)
        if following is not None and following.parent is not None and following.parent.within(home):
            return "before", following.path
        return _end_of(home)

    def _home_of(self, last: Entry, following: Entry | None, column: int) -> Entry:
        """The block at whose end a comment stands, by its indentation."""
        home = self._home if following is self._next and self._home is not None else last
        while home.parent is not None and (not home.holds_lines or home.column >= column):
            home = home.parent
        if following is not None and column <= following.column and following.parent is not None:
            home = following.parent
        self._next, self._home = following, home
        return home


def _bracket(last: Entry, index: int) -> Entry | None:
    """The brackets around an index."""
    entry: Entry | None = last
    while entry is not None and not (entry.form == "flow" and entry.value_start < index < entry.end):
        entry = entry.parent
    return entry


def _end_of(entry: Entry) -> _Seat:
    return ("inside", entry.path) if entry.path else ("after", ())
