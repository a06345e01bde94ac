"""The text of a converted document: keys in the document's own order, and every comment of the old files.

A comment goes to the key that its old key became, or to the kept key in the carrier. One that belongs to a whole
section goes to the section of the same name, or to the first key that came out of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twostage.config.document import TwoStageConfig
from twostage.legacy.core.leaves import KeyPath, is_branch
from twostage.legacy.text.nodes import Comment
from twostage.legacy.text.notes import BLANK, NodeComments
from twostage.legacy.text.write import write_yaml

MODE_KEYS = ("pretrain_mode", "adapt_mode", "target", "params", "systems", "targets")
LATE_KEYS = ("epochs", "batch_size", "optimizer", "scheduler", "checkpoint", "early_stopping", "split", "window")
CARRIER = "legacy"


def ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with its keys in the order in which people read it."""
    top = {key: document[key] for key in TwoStageConfig.model_fields if key in document}
    rest = {key: value for key, value in document.items() if key not in top}
    return {key: _stage(value) if key in {"stage_1", "stage_2"} else value for key, value in {**top, **rest}.items()}


def _stage(section: Any) -> Any:
    if not isinstance(section, Mapping):
        return section
    first = [key for key in MODE_KEYS if key in section]
    last = [key for key in LATE_KEYS if key in section]
    middle = [key for key in section if key not in {*first, *last}]
    return {key: section[key] for key in (*first, *middle, *last)}


@dataclass
class Seats:
    """Where comments go."""

    notes: dict[KeyPath, _Note] = field(default_factory=lambda: defaultdict(_Note))
    header: list[str] = field(default_factory=list)
    footer: list[str] = field(default_factory=list)


@dataclass
class _Note:
    before: list[str] = field(default_factory=list)
    beside: str | None = None
    after: list[str] = field(default_factory=list)

    def done(self) -> NodeComments:
        return NodeComments(tuple(self.before), self.beside, tuple(self.after))


class Moves:
    """From paths of old files to paths of the new document."""

    def __init__(
        self, document: Mapping[str, Any], uses: Mapping[KeyPath, Sequence[KeyPath]], paths: Iterable[KeyPath]
    ) -> None:
        self._document, self._uses, self._paths = document, uses, tuple(paths)

    def of(self, path: KeyPath) -> KeyPath | None:
        """Where a key or section went; None where nothing of it is left."""
        below = [leaf for leaf in self._paths if leaf[: len(path)] == path]
        mapped = [leaf for leaf in below if self._uses.get(leaf)]
        if path in mapped:
            return self._real(self._uses[path][0])
        if mapped and len(path) > 1:
            return self._section(path, mapped[0])
        kept = (CARRIER, "files", path[0], "kept", *path[1:])
        return kept if below else None

    def _section(self, path: KeyPath, first: KeyPath) -> KeyPath:
        target = self._real(self._uses[first][0])
        return target[:1] if target[0] == path[1] else target

    def _real(self, path: KeyPath) -> KeyPath:
        """The part of a path that the document really has a key for: list items may stand in brackets."""
        value: Any = self._document
        for depth, key in enumerate(path):
            inside = isinstance(value, Mapping) and key in value
            if not inside and not (isinstance(value, list) and is_branch(value) and isinstance(key, int)):
                return path[:depth]
            value = value[key]
        return path


def text_of(document: Mapping[str, Any], moves: Moves, comments: Sequence[Sequence[Comment]], title: str = "") -> str:
    """The new document as text, with the comments of the old files in their order."""
    seats = Seats()
    if title:
        seats.header.append(f" {title}")
    for number, of_file in enumerate(comments):
        for comment in of_file:
            _seat(comment, number, moves, seats)
    notes = {path: note.done() for path, note in seats.notes.items()}
    return write_yaml(document, notes, seats.header, seats.footer)


def _seat(comment: Comment, number: int, moves: Moves, seats: Seats) -> None:
    blank = [BLANK] if comment.blank_before else []
    if comment.kind == "header":
        seats.header += [*(blank if seats.header else []), comment.text]
        return
    target = None if comment.kind == "after" else moves.of((number, *comment.path))
    if target is None or not target:
        seats.footer += [*(blank if seats.footer else []), comment.text]
        return
    note = seats.notes[target]
    if comment.kind == "beside" and note.beside is None:
        note.beside = comment.text
    elif comment.kind == "inside" and len(target) == 1:
        note.after += [*blank, comment.text]
    else:
        note.before += [*(blank if note.before else []), comment.text]
