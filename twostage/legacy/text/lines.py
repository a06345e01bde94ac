"""Where an index into a text stands: line and column, and what else is on the line."""

from __future__ import annotations

import re
from bisect import bisect_right


class Lines:
    """Lines as an editor counts them, ended by line feeds only, both numbers from 1."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def at(self, index: int) -> tuple[int, int]:
        """Line and column of an index."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def start_of(self, line: int) -> int:
        """The index at which a line starts."""
        return self._starts[line - 1]

    def is_blank(self, line: int) -> bool:
        """Whether a line of the text holds nothing but spaces."""
        if not 0 < line < len(self._starts):  # what follows the last line feed is no line
            return False
        return not self._text[self._starts[line - 1] : self._starts[line]].strip()
