"""A legacy file as data: its tree, the values that lost, and the comments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from twostage.config.problems import Problem
from twostage.config.reading.tree import KeyPath, Scalar

Style = Literal["plain", "single", "double", "literal", "folded", "block", "flow"]
CommentKind = Literal["header", "before", "beside", "inside", "after"]


@dataclass(frozen=True, slots=True)
class OldNode:
    """A value as PyYAML saw it, and where it stands; lines and columns count from 1.

    ``written`` is the source text of a scalar, with its quotes but without tag and anchor, and empty for collections,
    whose style is block or flow. An alias stands for the very node that its anchor names, so ``line`` is there.
    """

    value: Scalar | dict[str, OldNode] | list[OldNode]
    line: int
    column: int
    written: str = ""
    style: Style = "plain"
    key_line: int | None = None
    key_column: int | None = None

    @property
    def start(self) -> tuple[int, int]:
        """Line and column where a reader looks for this entry: at its key, else at its value."""
        if self.key_line is None or self.key_column is None:
            return self.line, self.column
        return self.key_line, self.key_column


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A value that a later line of the same mapping replaced, because its key stands there again."""

    path: KeyPath
    node: OldNode
    winner_line: int

    @property
    def line(self) -> int:
        """The line of the key that lost."""
        return self.node.start[0]

    @property
    def written(self) -> str:
        """The source text of a scalar that lost; empty for a collection."""
        return self.node.written

    @property
    def value(self) -> Any:
        """What lost, as plain Python data."""
        return plain(self.node)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment, without its first ``#`` and with all of its spaces.

    - ``header``: at the top of the file, apart from the first key; the path is ``()``.
    - ``before``: on lines of its own above the entry at ``path``.
    - ``beside``: at the end of a line; ``path`` is the innermost block entry that starts there. A merge key is ``<<``.
    - ``inside``: at the end of the mapping or list at ``path``.
    - ``after``: at the end of the file; the path is ``()``.
    """

    text: str
    line: int
    column: int
    kind: CommentKind
    path: KeyPath
    blank_before: bool = False
    blank_after: bool = False


@dataclass(frozen=True, slots=True)
class LegacyText:
    """A legacy file that has been read. ``notices`` tell what the reader should know though nothing is wrong."""

    name: str
    text: str
    root: OldNode
    shadowed: tuple[Shadowed, ...]
    comments: tuple[Comment, ...]
    notices: tuple[Problem, ...]


def plain(node: OldNode) -> Any:
    """The tree as plain Python data: what ``yaml.safe_load`` returned, but for dates, which stay text."""
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [plain(child) for child in node.value]
    return node.value


def find(node: OldNode, path: KeyPath) -> OldNode | None:
    """The node at a path, or None."""
    for key in path:
        if isinstance(node.value, dict):
            below = node.value.get(key) if isinstance(key, str) else None
        elif isinstance(node.value, list) and isinstance(key, int):
            below = node.value[key] if 0 <= key < len(node.value) else None
        else:
            below = None
        if below is None:
            return None
        node = below
    return node
