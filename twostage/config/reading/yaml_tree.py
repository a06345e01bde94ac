"""YAML text to a tree with positions.

Only the scanner and parser of ruamel.yaml run: they yield events, and no tag can construct an object. Anchors are
counted before they are expanded, and depth is watched while reading, so that hostile text ends early.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NoReturn

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.tree import Layer, Node, Place, Scalar, problem_at
from twostage.config.reading.yaml_scalars import CORE, resolve
from twostage.config.reading.yaml_syntax import never_closed, plain_words

MAX_NODES = 100_000
MAX_DEPTH = 100
MERGE_KEY = "<<"


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end has not been read yet. ``key`` waits for its value."""

    value: dict[str, Node] | list[Node]
    place: Place
    anchor: str | None
    size: int = 1
    depth: int = 1
    awaits_value: bool = False
    key: str | None = None
    key_place: Place | None = None
    merging: bool = False
    merges: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class _Measured:
    """A finished node with its size and depth after expansion."""

    node: Node
    size: int
    depth: int


def parse_yaml(text: str, layer: Layer) -> tuple[Node, list[Problem]]:
    """The tree of a document, and what is wrong with it where reading could go on.

    Raises DocumentError where it could not.
    """
    builder = _read(text, layer)
    return builder.document(), builder.problems


def parse_value(text: str, layer: Layer) -> tuple[Node, list[Problem]]:
    """The same for a text that may be any value, such as the right side of an override."""
    builder = _read(text, layer)
    return builder.root or Node(None, Place(layer)), builder.problems


def _read(text: str, layer: Layer) -> _Builder:
    builder = _Builder(layer)
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.context_mark if never_closed(error) else error.problem_mark or error.context_mark
        place = _place(layer, mark.line, mark.column) if mark else Place(layer)
        builder.stop(place, plain_words(error, place.source_line), "yaml_syntax")
    except ReaderError as error:
        before = text[: error.position]
        place = _place(layer, before.count("\n"), error.position - (before.rfind("\n") + 1))
        builder.stop(place, "a control character is not allowed in YAML; write it as an escape in quotes", "character")
    except (YAMLError, ValueError, OverflowError) as error:
        builder.stop(Place(layer), f"this is not YAML: {error}".splitlines()[0], "yaml_syntax")
    return builder


class _Builder:
    """Takes events one by one and keeps the collections that are still open on a stack."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.problems: list[Problem] = []
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Measured | None] = {}  # None while the anchored collection is still open
        self._root: _Measured | None = None
        self._documents = 0
        self._count = 0

    def take(self, event: Event) -> None:
        """Let the tree grow by one event; ends of the stream and of documents carry nothing."""
        place = _place(self.layer, event.start_mark.line, event.start_mark.column)
        if isinstance(event, DocumentStartEvent):
            self._start_document(event, place)
        elif isinstance(event, AliasEvent):
            self._put(self._aliased(event.anchor, place), place, plain_key=False)
        elif isinstance(event, ScalarEvent):
            self._scalar(event, place)
        elif isinstance(event, MappingStartEvent | SequenceStartEvent):
            self._open(event, place)
        elif type(event).__name__ in {"MappingEndEvent", "SequenceEndEvent"}:
            self._close()

    @property
    def root(self) -> Node | None:
        """The value of the whole text, if it holds any."""
        return self._root.node if self._root else None

    def document(self) -> Node:
        """The whole document, which must be a mapping."""
        root = self.root
        if root is None or root.value is None:
            self.stop(_place(self.layer, 0, 0), "the document is empty; expected a mapping of keys to values", "empty")
        if not isinstance(root.value, dict):
            kind = "a list" if isinstance(root.value, list) else "a single value"
            self.stop(root.place, f"the document is {kind}; expected a mapping of keys to values", "not_a_mapping")
        return root

    def stop(self, place: Place, message: str, code: str) -> NoReturn:
        """Give up: nothing after this place can be trusted."""
        raise DocumentError([*self.problems, problem_at(place, "", message, code=code)])

    def _note(self, place: Place, key: str, message: str, code: str) -> None:
        self.problems.append(problem_at(place, key, message, code=code))

    def _start_document(self, event: DocumentStartEvent, place: Place) -> None:
        self._documents += 1
        if self._documents > 1:
            self.stop(place, "a second document starts here; expected one document per file", "several_documents")
        if event.version is not None and tuple(event.version) != (1, 2):
            version = ".".join(str(part) for part in event.version)
            self.stop(place, f"this file says it is YAML {version}; documents are YAML 1.2", "yaml_version")

    def _scalar(self, event: ScalarEvent, place: Place) -> None:
        if not event.value and event.implicit[0] and self._stack and self._stack[-1].key_place:
            place = self._stack[-1].key_place  # nothing is written: the parser's mark is already at what follows
        value = self._value(event, place)
        node = _Measured(Node(value, place), 1, 0)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        plain_key = bool(event.implicit[0]) and event.value == MERGE_KEY
        self._put(node, place, plain_key=plain_key)

    def _value(self, event: ScalarEvent, place: Place) -> Scalar:
        try:
            value = resolve(event.value, event.tag, plain=bool(event.implicit[0]))
        except ValueError as error:
            self._note(place, self._here(), f"expected a value that can be read, found {error}", "unreadable_value")
            return None
        except KeyError:
            self._refuse_tag(event.tag, place)
            return None
        if isinstance(value, float) and not math.isfinite(value) and not self._of_old_file():
            self._note(place, self._here(), f"expected a finite number, found {event.value}", "not_finite")
            return None
        return value

    def _refuse_tag(self, tag: str | None, place: Place) -> None:
        shown = str(tag).replace(CORE, "!!")
        self._note(place, self._here(), f"the tag {shown} is not allowed; documents hold plain values only", "tag")

    def _open(self, event: NodeEvent, place: Place) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self.stop(place, f"nested more than {MAX_DEPTH} levels deep", "too_deep")
        mapping = isinstance(event, MappingStartEvent)
        tag = getattr(event, "tag", None)
        if tag not in {None, "!", CORE + ("map" if mapping else "seq")}:
            self._refuse_tag(str(tag), place)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Open({} if mapping else [], place, event.anchor))

    def _close(self) -> None:
        done = self._stack.pop()
        if isinstance(done.value, dict):
            for merged in done.merges:
                done.value = {**_entries(merged), **done.value}
        measured = _Measured(Node(done.value, done.place), done.size, done.depth)
        if done.anchor is not None:
            self._anchors[done.anchor] = measured
        self._put(measured, done.place, plain_key=False)

    def _aliased(self, anchor: str, place: Place) -> _Measured:
        if anchor not in self._anchors:
            self.stop(place, f"*{anchor} names an anchor that is not defined above", "alias")
        target = self._anchors[anchor]
        if target is None:
            self.stop(place, f"*{anchor} stands inside the value that &{anchor} names; it would never end", "alias")
        return target

    def _put(self, measured: _Measured, place: Place, *, plain_key: bool) -> None:
        self._count += 1
        if not self._stack:
            self._root = measured
            return
        top = self._stack[-1]
        top.size += measured.size
        top.depth = max(top.depth, measured.depth + 1)
        if top.size > MAX_NODES or self._count > MAX_NODES:
            self.stop(place, f"more than {MAX_NODES} values after its aliases are expanded", "too_large")
        if len(self._stack) + measured.depth > MAX_DEPTH:
            self.stop(place, f"nested more than {MAX_DEPTH} levels deep", "too_deep")
        if isinstance(top.value, list):
            top.value.append(measured.node)
        elif top.awaits_value:
            self._entry(top, top.value, measured.node)
        else:
            self._key(top, measured.node, place, plain_key=plain_key)

    def _key(self, top: _Open, node: Node, place: Place, *, plain_key: bool) -> None:
        top.awaits_value = True
        top.key_place = place
        top.key = node.value if isinstance(node.value, str) else None
        top.merging = plain_key
        if top.key is None:
            shown = {dict: "a mapping", list: "a list", type(None): "nothing"}.get(type(node.value), repr(node.value))
            self._note(place, self._here(), f"expected text as key, found {shown}; put it in quotes", "key_type")

    def _entry(self, top: _Open, entries: dict[str, Node], node: Node) -> None:
        key, place = top.key, top.key_place
        top.awaits_value, top.key, top.key_place = False, None, None
        if key is None or place is None:
            return
        if top.merging:
            top.merges += self._merged(node, place)
        elif key in entries:
            first = entries[key].start.line
            message = f"this key stands twice in one mapping, in line {first} and in line {place.line}"
            self._note(place, ".".join(filter(None, [self._here(), key])), message, "duplicate_key")
        else:
            entries[key] = node.under(place)

    def _merged(self, node: Node, place: Place) -> list[Node]:
        """Mappings that ``<<`` brings in; the first of a list wins, so it comes first."""
        nodes = node.value if isinstance(node.value, list) else [node]
        if all(isinstance(each.value, dict) for each in nodes):
            return nodes
        self._note(place, MERGE_KEY, "expected a mapping or a list of mappings to merge", "merge_key")
        return []

    def _of_old_file(self) -> bool:
        """Whether this is what the carrier remembers, which is whatever an old file says."""
        return bool(self._stack) and self._stack[0].key == "legacy"

    def _here(self) -> str:
        return ".".join(top.key for top in self._stack if top.awaits_value and top.key)


def _entries(node: Node) -> dict[str, Node]:
    return node.value if isinstance(node.value, dict) else {}


def _place(layer: Layer, line: int, column: int) -> Place:
    """From the parser's count, which starts at 0; a layer without lines has none to show."""
    return Place(layer, line + 1, column + 1) if layer.lines else Place(layer)
