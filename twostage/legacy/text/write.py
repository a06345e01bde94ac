"""Writing YAML with comments that PyYAML (YAML 1.1) and our own reader (YAML 1.2) read back as the same data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from twostage.config.reading.tree import KeyPath
from twostage.config.reading.yaml_tree import MAX_DEPTH
from twostage.legacy.text.notes import BLANK, NodeComments, Notes, settled
from twostage.legacy.text.quoting import literal_lines, scalar_text, string_text

WIDTH = 100
STEP = 2
MAX_SIMPLE_KEY = 1000  # readers look for the colon no further than 1024 characters

_LINE_ENDS = re.compile("[\n\r\x85\u2028\u2029]")
_UNSEEN = re.compile("[^\t\\x20-\\x7e\\xa0-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def write_yaml(
    data: Mapping[str, Any],
    comments: Mapping[KeyPath, NodeComments],
    header: Sequence[str] = (),
    footer: Sequence[str] = (),
) -> str:
    """The text of a document: blocks, short lists of scalars in brackets, a blank line around each top section.

    Comments for an entry that ``data`` has not go to the end of the nearest block around it. Raises TypeError for keys
    or values that YAML has no plain form for, and ValueError for data that is nested deeper than readers go.
    """
    notes = settled(data, Notes(dict(comments), list(header), list(footer)))
    page = _Page(notes)
    page.comments(notes.header, 0)
    if notes.header:
        page.blank()
    if data:
        page.sections(data)
    else:
        page.line("{}")
    if notes.footer and any(_is_block(value) for value in list(data.values())[-1:]):
        page.blank()
    page.comments(notes.footer, 0)
    return page.text()


class _Page:
    """The lines so far."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._lines: list[str] = []

    def text(self) -> str:
        return "\n".join(self._lines).rstrip("\n") + "\n"

    def line(self, text: str) -> None:
        self._lines.append(text)

    def blank(self) -> None:
        """An empty line, but neither two of them nor one at the top."""
        if self._lines and self._lines[-1]:
            self._lines.append("")

    def comments(self, texts: Sequence[str], indent: int) -> None:
        for text in texts:
            if text == BLANK:
                self.blank()
                continue
            for part in _LINE_ENDS.split(text):
                self.line(" " * indent + "#" + _seen(part))

    def sections(self, data: Mapping[str, Any]) -> None:
        """The top of the document, where blocks stand apart."""
        was_block = False
        for position, (key, value) in enumerate(data.items()):
            if position and (was_block or _is_block(value)):
                self.blank()
            self._pair(key, value, (), 0)
            was_block = _is_block(value)

    def _pair(self, key: str, value: Any, around: KeyPath, indent: int) -> None:
        if not isinstance(key, str):
            raise TypeError(f"expected text as key, found {key!r}")
        path = (*around, key)
        self.comments(self._notes.at(path).before, indent)
        shown = string_text(key, flow=False)
        if len(shown) > MAX_SIMPLE_KEY:
            self.line(f"{' ' * indent}? {shown}")
            shown = ""
        self._value(f"{' ' * indent}{shown}:", value, path, indent)

    def _value(self, head: str, value: Any, path: KeyPath, indent: int) -> None:
        """What follows a key or a dash."""
        if len(path) >= MAX_DEPTH:
            raise ValueError(f"nested more than {MAX_DEPTH} levels deep")
        beside = self._notes.at(path).beside
        tail = "" if beside is None else f"  #{_seen(_LINE_ENDS.sub(' ', beside))}"
        if _is_filled(value):
            short = self._in_brackets(head, value, path)
            if short is None:
                self._block(head, tail, value, path, indent)
            else:
                self.line(short + tail)
            return
        literal = literal_lines(value) if isinstance(value, str) else None
        if literal is None:
            self.line(f"{head} {_one_line(value)}{tail}")
        else:
            self.line(f"{head} {literal[0]}{tail}")
            self._lines += [" " * (indent + STEP) + line if line else "" for line in literal[1]]

    def _block(self, head: str, tail: str, value: Any, path: KeyPath, indent: int) -> None:
        place = len(self._lines)
        deeper = indent + STEP
        if isinstance(value, Mapping):
            for key, below in value.items():
                self._pair(key, below, path, deeper)
        else:
            self._items(value, path, deeper)
        self.comments(self._notes.at(path).after, deeper)
        first = self._lines[place].lstrip(" ")
        if head.endswith("-") and first and not first.startswith("#") and not tail:
            self._lines[place] = f"{head} {first}"
        else:
            self._lines.insert(place, head + tail)

    def _items(self, items: Sequence[Any], path: KeyPath, indent: int) -> None:
        for position, item in enumerate(items):
            below = (*path, position)
            self.comments(self._notes.at(below).before, indent)
            self._value(f"{' ' * indent}-", item, below, indent)

    def _in_brackets(self, head: str, value: Any, path: KeyPath) -> str | None:
        """A list of scalars on one line, if it fits and nothing in it has a comment."""
        noted = self._notes.below(path) or self._notes.at(path).after
        if noted or isinstance(value, Mapping) or not all(_is_short(item) for item in value):
            return None
        line = f"{head} [{', '.join(scalar_text(item, flow=True) for item in value)}]"
        return line if len(line) <= WIDTH else None


def _one_line(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, list | tuple) else scalar_text(value, flow=False)


def _is_filled(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple) and len(value) > 0


def _is_block(value: Any) -> bool:
    """Whether a value is a section of its own; a list of scalars is none, however long."""
    if isinstance(value, Mapping):
        return len(value) > 0
    return isinstance(value, list | tuple) and not all(_is_short(item) for item in value)


def _is_short(item: Any) -> bool:
    if isinstance(item, str):
        return "\n" not in item
    return not isinstance(item, Mapping | list | tuple)


def _seen(text: str) -> str:
    """A comment without control characters, which no reader allows."""
    return _UNSEEN.sub("\ufffd", text)
