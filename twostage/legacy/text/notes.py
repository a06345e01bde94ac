"""The comments of an entry, as the writer takes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from twostage.config.reading.tree import KeyPath
from twostage.legacy.text.nodes import Comment

BLANK = "\n"  # no comment can be this, so it stands for an empty line among comments


@dataclass(frozen=True, slots=True)
class NodeComments:
    """Comments above an entry, at the end of its line, and at the end of the block that it holds.

    Texts come without ``#`` and keep their spaces; ``BLANK`` among them is an empty line.
    """

    before: tuple[str, ...] = ()
    beside: str | None = None
    after: tuple[str, ...] = ()


@dataclass(slots=True)
class Notes:
    """All comments of a document: by entry, at its top, and at its end."""

    entries: dict[KeyPath, NodeComments] = field(default_factory=dict)
    header: list[str] = field(default_factory=list)
    footer: list[str] = field(default_factory=list)

    def at(self, path: KeyPath) -> NodeComments:
        """The comments of an entry."""
        return self.entries.get(path, NodeComments())

    def below(self, path: KeyPath) -> bool:
        """Whether anything inside the value at a path has a comment."""
        return any(len(other) > len(path) and other[: len(path)] == path for other in self.entries)

    def lead(self, path: KeyPath, texts: Sequence[str]) -> None:
        """More comments above an entry, in front of those that it has."""
        notes = self.at(path)
        self.entries[path] = replace(notes, before=(*texts, *notes.before))

    def close(self, path: KeyPath, texts: Sequence[str]) -> None:
        """More comments at the end of a block, in front of those that it has; the document's are its footer."""
        if not path:
            self.footer[:0] = texts
            return
        notes = self.at(path)
        self.entries[path] = replace(notes, after=(*texts, *notes.after))

    def add_after(self, path: KeyPath, texts: Sequence[str]) -> None:
        """More comments at the end of a block, behind those that it has."""
        if not path:
            self.footer += texts
            return
        notes = self.at(path)
        self.entries[path] = replace(notes, after=(*notes.after, *texts))


def gather(comments: Iterable[Comment]) -> Notes:
    """Comments that were read, as the writer takes them."""
    notes = Notes()
    for comment in comments:
        if comment.kind == "header":
            notes.header += _with_blanks(comment)
        elif comment.kind == "after":
            notes.footer += _with_blanks(comment)
        else:
            notes.entries[comment.path] = _added(notes.at(comment.path), comment)
    return notes


def settled(data: Mapping[str, Any], notes: Notes) -> Notes:
    """The same comments where they can be written: none is lost.

    What belongs to an absent entry goes to the end of the nearest block around it, and what should stand inside a
    value without lines of its own goes above the entry that follows.
    """
    homes = {path: _deepest(data, path) for path in notes.entries}
    seated = Notes({path: own for path, own in notes.entries.items() if path and homes[path] == path})
    for path, own in notes.entries.items():
        if path not in seated.entries or not path:
            beside = () if own.beside is None else (own.beside,)
            seated.add_after(homes[path], (*own.before, *beside, *own.after))
    seated.header += notes.header
    seated.footer += notes.footer
    for path in sorted(seated.entries, key=len, reverse=True):
        after = seated.entries[path].after
        if after and not _holds_lines(_value(data, path)):
            seated.entries[path] = replace(seated.entries[path], after=())
            _pass_on(data, seated, path, after)
    tidy = {path: _tidy(own) for path, own in seated.entries.items()}
    seated.entries = {path: own for path, own in tidy.items() if own != NodeComments()}
    return seated


def _tidy(own: NodeComments) -> NodeComments:
    """Blank lines belong to comments; alone they say nothing."""
    before, after = (texts if set(texts) - {BLANK} else () for texts in (own.before, own.after))
    return replace(own, before=before, after=after)


def _added(notes: NodeComments, comment: Comment) -> NodeComments:
    if comment.kind == "beside" and notes.beside is None:
        return replace(notes, beside=comment.text)
    if comment.kind == "inside":
        return replace(notes, after=(*notes.after, *_with_blanks(comment)))
    return replace(notes, before=(*notes.before, *_with_blanks(comment)))


def _with_blanks(comment: Comment) -> list[str]:
    return [*[BLANK] * comment.blank_before, comment.text, *[BLANK] * comment.blank_after]


def _pass_on(data: Mapping[str, Any], notes: Notes, path: KeyPath, texts: Sequence[str]) -> None:
    """Comments that cannot stand inside an entry: above the next one, or at the end of the block around both."""
    *above, key = path
    around = tuple(above)
    following = _next_key(_value(data, around), key)
    if following is None:
        notes.close(around, texts)
    else:
        notes.lead((*around, following), texts)


def _next_key(around: Any, key: str | int) -> str | int | None:
    keys = list(_keys(around))
    position = keys.index(key) + 1
    return keys[position] if position < len(keys) else None


def _deepest(data: Any, path: KeyPath) -> KeyPath:
    """The part of a path that leads to an entry."""
    for position, key in enumerate(path):
        if not isinstance(data, Mapping | list | tuple) or key not in _keys(data):
            return path[:position]
        data = _value(data, (key,))
    return path


def _keys(collection: Any) -> Collection[Any]:
    return collection.keys() if isinstance(collection, Mapping) else range(len(collection))


def _value(data: Any, path: KeyPath) -> Any:
    for key in path:
        data = data[key]
    return data


def _holds_lines(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple) and len(value) > 0
