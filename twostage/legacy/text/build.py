"""Events to the tree that PyYAML built, with its last-wins duplicates and its order of merged keys."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn

from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.tree import KeyPath, Layer, Place, Scalar, dotted, problem_at
from twostage.config.reading.yaml_scalars import CORE
from twostage.config.reading.yaml_tree import MAX_DEPTH, MAX_NODES, MERGE_KEY
from twostage.legacy.text.entries import Entries, Entry
from twostage.legacy.text.lines import Lines
from twostage.legacy.text.nodes import OldNode, Shadowed, Style
from twostage.legacy.text.scalars import Kind, resolve
from twostage.legacy.text.scanner import Heard
from twostage.legacy.text.written import written

_STYLES: dict[str | None, Style] = {None: "plain", "'": "single", '"': "double", "|": "literal", ">": "folded"}


@dataclass(slots=True)
class _Key:
    """A key that waits for its value; text is None where the key is not text."""

    text: str | None
    index: int
    merging: bool
    entry: Entry


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not been read yet."""

    node: OldNode
    entry: Entry
    anchor: str | None
    size: int = 1
    depth: int = 1
    key: _Key | None = None
    own: dict[str, OldNode] = field(default_factory=dict)
    items: list[OldNode] = field(default_factory=list)
    merges: list[dict[str, OldNode]] = field(default_factory=list)
    lost: list[tuple[str, OldNode]] = field(default_factory=list)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node.value, dict)


@dataclass(slots=True)
class _Measured:
    """A finished node with its size and depth after its aliases are expanded."""

    node: OldNode
    size: int = 1
    depth: int = 0


class Builder:
    """Takes events one by one. ``problems`` refuse the file; ``notices`` do not."""

    def __init__(self, text: str, layer: Layer, heard: Heard) -> None:
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []
        self.shadowed: list[Shadowed] = []
        self.entries = Entries()
        self.lines = Lines(text)
        self.root: OldNode | None = None
        self._text, self._layer, self._heard = text, layer, heard
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Measured | None] = {}  # None while the anchored collection is still open
        self._documents = 0
        self._count = 0

    def take(self, event: Event) -> None:
        """Let the tree grow by one event; ends of the stream and of documents carry nothing."""
        index = event.start_mark.index
        if isinstance(event, DocumentStartEvent):
            self._start_document(index)
        elif isinstance(event, AliasEvent):
            self._put(self._aliased(event.anchor, index), self._entry(index), index)
        elif isinstance(event, ScalarEvent):
            self._scalar(event, index)
        elif isinstance(event, CollectionStartEvent):
            self._open(event, index)
        elif isinstance(event, CollectionEndEvent):
            self._close(event.end_mark.index)

    def stop(self, index: int | None, message: str, code: str) -> NoReturn:
        """Give up: nothing after this place can be trusted."""
        raise DocumentError([*self.problems, problem_at(self._place(index), "", message, code=code)])

    def _place(self, index: int | None) -> Place:
        return Place(self._layer) if index is None else Place(self._layer, *self.lines.at(index))

    def _problem(self, index: int, key: KeyPath, message: str, code: str) -> None:
        self.problems.append(problem_at(self._place(index), dotted(key), message, code=code))

    def _start_document(self, index: int) -> None:
        self._documents += 1
        if self._documents > 1:
            self.stop(index, "a second document starts here; expected one document per file", "several_documents")

    def _entry(self, index: int) -> Entry:
        """The entry that a value starting here fills; a new one for an item, or for what turns out to be a key."""
        if not self._stack:
            return self.entries.document
        top = self._stack[-1]
        if top.key is not None:
            return top.key.entry
        if top.is_mapping:
            return Entry(top.entry.path, index, self.lines.at(index)[1], top.entry)  # a key: not in the list yet
        start = index if top.node.style == "flow" else self._dash_before(index)
        return self.entries.add((*top.entry.path, len(top.items)), start, self.lines.at(start)[1], top.entry)

    def _dash_before(self, index: int) -> int:
        dashes = self._heard.dashes
        return dashes[bisect_left(dashes, index) - 1]

    def _scalar(self, event: ScalarEvent, index: int) -> None:
        entry = self._entry(index)
        value, kind = self._value(event, index, entry.path)
        if event.start_mark.index == event.end_mark.index:
            index = entry.start  # nothing is written: the parser's mark may already be at what follows
        source = written(self._text[event.start_mark.index : event.end_mark.index])
        entry.value_start, entry.end = index, event.end_mark.index
        entry.form = "scalar" if source else "nothing"
        measured = _Measured(OldNode(value, *self.lines.at(index), source, _STYLES[event.style or None]))
        self._anchor(event, index, measured)
        self._put(measured, entry, index, kind)

    def _value(self, event: ScalarEvent, index: int, path: KeyPath) -> tuple[Scalar, Kind]:
        tag = None if event.tag is None else str(event.tag)
        try:
            value, kind = resolve(event.value, tag, plain=bool(event.implicit[0]))
        except ValueError as error:
            self._problem(index, path, f"expected a value that can be read, found {error}", "unreadable_value")
            return None, "null"
        except KeyError:
            self._refuse_tag(tag, index, path)
            return None, "null"
        if kind == "timestamp":
            message = f"the old loader read {event.value} as a date; it is kept as text"
            self.notices.append(problem_at(self._place(index), dotted(path), message, code="date"))
        return value, kind

    def _refuse_tag(self, tag: str | None, index: int, path: KeyPath) -> None:
        shown = str(tag).replace(CORE, "!!")
        self._problem(index, path, f"the tag {shown} is not allowed; documents hold plain values only", "tag")

    def _anchor(self, event: NodeEvent, index: int, measured: _Measured | None) -> None:
        if event.anchor is None:
            return
        if event.anchor in self._anchors:
            self.stop(index, f"the anchor &{event.anchor} stands twice; give each its own name", "anchor")
        self._anchors[event.anchor] = measured

    def _open(self, event: CollectionStartEvent, index: int) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self.stop(index, f"nested more than {MAX_DEPTH} levels deep", "too_deep")
        mapping = isinstance(event, MappingStartEvent)
        entry = self._entry(index)
        tag = None if event.tag is None else str(event.tag)
        if tag not in {None, "!", CORE + ("map" if mapping else "seq")}:
            self._refuse_tag(tag, index, entry.path)
        style: Literal["flow", "block"] = "flow" if event.flow_style else "block"
        entry.value_start, entry.form = index, style
        self._anchor(event, index, None)
        node = OldNode({} if mapping else [], *self.lines.at(index), style=style)
        self._stack.append(_Open(node, entry, event.anchor))

    def _close(self, end: int) -> None:
        done = self._stack.pop()
        done.entry.end = end
        value: dict[str, OldNode] | list[OldNode] = done.items
        if done.is_mapping:
            value = {}
            for part in [*done.merges, done.own]:
                value.update(part)
            self.shadowed += [
                Shadowed((*done.entry.path, key), node, done.own[key].start[0]) for key, node in done.lost
            ]
        measured = _Measured(replace(done.node, value=value), done.size, done.depth)
        if done.anchor is not None:
            self._anchors[done.anchor] = measured
        self._put(measured, done.entry, done.entry.value_start)

    def _aliased(self, anchor: str, index: int) -> _Measured:
        if anchor not in self._anchors:
            self.stop(index, f"*{anchor} names an anchor that is not defined above", "alias")
        target = self._anchors[anchor]
        if target is None:
            self.stop(index, f"*{anchor} stands inside the value that &{anchor} names; it would never end", "alias")
        return target

    def _put(self, measured: _Measured, entry: Entry, index: int, kind: Kind = "str") -> None:
        self._count += 1
        if not self._stack:
            self.root = measured.node
            return
        top = self._stack[-1]
        top.size += measured.size
        top.depth = max(top.depth, measured.depth + 1)
        if top.size > MAX_NODES or self._count > MAX_NODES:
            self.stop(index, f"more than {MAX_NODES} values after its aliases are expanded", "too_large")
        if len(self._stack) + measured.depth > MAX_DEPTH:
            self.stop(index, f"nested more than {MAX_DEPTH} levels deep", "too_deep")
        if top.is_mapping and top.key is None:
            self._key(top, measured.node, index, kind)
            return
        if kind in {"merge", "value"}:
            self._problem(index, entry.path, f"the old loader cannot read {measured.node.value} as a value", "tag")
        if top.is_mapping:
            self._fill(top, measured.node)
        else:
            top.items.append(measured.node)

    def _key(self, top: _Open, node: OldNode, index: int, kind: Kind) -> None:
        text = node.value if isinstance(node.value, str) and kind != "timestamp" else None
        if text is None:
            self._problem(index, top.entry.path, _not_text(node, kind), "key_type")
        path = top.entry.path if text is None else (*top.entry.path, text)
        entry = self.entries.add(path, index, self.lines.at(index)[1], top.entry)
        top.key = _Key(text, index, kind == "merge", entry)

    def _fill(self, top: _Open, node: OldNode) -> None:
        key, top.key = top.key, None
        if key is None or key.text is None:
            return
        if key.merging:
            top.merges += self._merged(node, key)
            return
        if key.text in top.own:
            top.lost.append((key.text, top.own[key.text]))
        line, column = self.lines.at(key.index)
        top.own[key.text] = replace(node, key_line=line, key_column=column)

    def _merged(self, node: OldNode, key: _Key) -> list[dict[str, OldNode]]:
        """Mappings that ``<<`` brings in, in PyYAML's order: the first of a list wins, so it comes last."""
        nodes = node.value if isinstance(node.value, list) else [node]
        mappings = [each.value for each in nodes if isinstance(each.value, dict)]
        if len(mappings) < len(nodes):
            path = (*key.entry.path[:-1], MERGE_KEY)
            self._problem(key.index, path, "expected a mapping or a list of mappings to merge", "merge_key")
        return mappings[::-1]


def _not_text(node: OldNode, kind: Kind) -> str:
    if isinstance(node.value, dict | list):
        found = "a mapping" if isinstance(node.value, dict) else "a list"
        return f"expected text as key, found {found}; put it in quotes"
    became = "a date" if kind == "timestamp" else "nothing" if node.value is None else repr(node.value)
    shown = f"{node.written}, which the old loader reads as {became}" if node.written else "nothing"
    return f"expected text as key, found {shown}; put it in quotes"
