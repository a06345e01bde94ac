"""``key=value`` over an old document, with ``stage_1.task.lr`` and ``stages[0].task.lr`` for one stage alone.

The value is read as YAML 1.2: ``1e-3`` is a number, ``yes`` is text, ``[a, b]`` is a list. The three old parsers
differed in all of these. Mappings merge, everything else replaces. What names no stage goes to the common sections, and
there a stage's own value still wins over it, as it always did; this is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

from twostage.config.problems import DocumentError
from twostage.config.reading.tree import KeyPath, Layer, Node, dotted, find, plain
from twostage.config.reading.yaml_tree import parse_value
from twostage.legacy.compose.reading import merge_old, refuse
from twostage.legacy.dialects.p03 import stage_places
from twostage.legacy.dialects.sections import OLD_NAMES, SECTIONS

_INDEX = re.compile(r"\[(\d+)\]")
_NUMBERED = re.compile(r"stage_([0-9]{1,6})")
# Where a stage keeps its sections; the first that holds the key already is changed, else the first that is there.
_HOLDERS = ("config", "overrides", "config_overrides")


@dataclass(frozen=True, slots=True)
class Override:
    """One override; ``stage`` counts from 0 and is None where the key names no stage."""

    text: str
    stage: int | None
    path: KeyPath
    value: Node

    def for_file(self, number: int) -> Override | None:
        """The same for one file of a pair, where each file is a stage; None where it is about the other one."""
        return replace(self, stage=None) if self.stage in {None, number} else None


def parse_override(text: str) -> Override:
    """Raises DocumentError for what is no override."""
    name = f"override {text}"
    layer = Layer("override", name, str(Path.cwd()))
    key, equals, written = text.partition("=")
    parts = _INDEX.sub(r".\1", key.strip()).split(".")
    if not equals:
        refuse(None, name, "", "expected key=value, such as task.lr=1e-3", "override")
    if not all(parts):
        refuse(None, name, key.strip(), "expected a dotted key before '=', such as task.lr", "override")
    value, problems = parse_value(written, layer)
    if problems:
        raise DocumentError([replace(problem, key=key.strip()) for problem in problems])
    stage, rest = _addressed(parts, name)
    path = tuple(int(part) if part.isdecimal() else part for part in rest)
    return Override(text, stage, path, value)


def _addressed(parts: Sequence[str], name: str) -> tuple[int | None, Sequence[str]]:
    numbered = _NUMBERED.fullmatch(parts[0])
    if numbered is not None:
        stage, rest = int(numbered[1]) - 1, parts[1:]
    elif parts[0] == "stages":
        if len(parts) == 1 or not parts[1].isdecimal():
            refuse(None, name, "stages", "expected a stage, such as stages[0].task.lr", "override")
        stage, rest = int(parts[1]), parts[2:]
    else:
        return None, parts
    if stage < 0:
        refuse(None, name, parts[0], "there is no stage_0; stage_1 and stages[0] are the first", "override")
    if not rest:
        refuse(None, name, parts[0], "expected a key of the stage, such as stage_1.task.lr", "override")
    return stage, rest


def apply_override(root: Node, override: Override, tell: Callable[[str], None]) -> Node:
    """The document with the value in it. Raises DocumentError for a stage or list item that is not there."""
    places = _stages(plain(root))
    if override.stage is None:
        for number, place in enumerate(places, start=1):
            _tell_hidden(root, place, override, number, tell)
        return _put(root, override.path, override)
    if override.stage >= len(places):
        refuse_stage(override, len(places))
    place = places[override.stage]
    return _put(root, (*place, *_holder(root, place, override.path), *override.path), override)


def refuse_stage(override: Override, count: int) -> NoReturn:
    """Raise DocumentError for a stage that is not there."""
    there = f"it has {count}" if count else "it has none; leave the stage out of the key"
    refuse(None, f"override {override.text}", "", f"the document has no such stage: {there}", "override")


def _stages(file: Mapping[str, object]) -> list[KeyPath]:
    stages = file.get("stages")
    if isinstance(stages, list):
        return [("stages", index) for index in range(len(stages))]
    return list(stage_places(file).values())


def _holder(root: Node, place: KeyPath, path: KeyPath) -> KeyPath:
    """The mapping of a stage that its sections stand in; ``()`` where they stand in the stage itself."""
    item = find(root, place)
    entries = item.value if item is not None and isinstance(item.value, dict) else {}
    holders = [name for name in _HOLDERS if name in entries and isinstance(entries[name].value, dict)]
    if path[0] not in {*SECTIONS, *OLD_NAMES} or not holders:
        return ()
    written = [name for name in holders if _written(entries[name], path) is not None]
    return ((written or [name for name in holders if name != "config"] or holders)[0],)


def _written(holder: Node, path: KeyPath) -> Node | None:
    """The value at a path, which may also stand there as one dotted key."""
    return find(holder, path) or find(holder, (dotted(path),))


def _tell_hidden(root: Node, place: KeyPath, override: Override, number: int, tell: Callable[[str], None]) -> None:
    inner = (*place, *_holder(root, place, override.path))
    holder = find(root, inner)
    own = None if holder is None else _written(holder, override.path)
    if own is not None:
        key = dotted(override.path)
        tell(f"override {override.text}: {own.start} has its own {key}, which wins; address it as stage_{number}.{key}")


def _put(node: Node, path: KeyPath, override: Override) -> Node:
    place = override.value.place
    if not path:
        return merge_old(node, override.value)
    if isinstance(node.value, list):
        index = path[0]
        if not isinstance(index, int) or index >= len(node.value):
            message = f"expected the index of one of {len(node.value)} list items, found {index}"
            refuse(None, f"override {override.text}", dotted(override.path), message, "override")
        items = [_put(item, path[1:], override) if at == index else item for at, item in enumerate(node.value)]
        return replace(node, value=items)
    entries = dict(node.value) if isinstance(node.value, dict) else {}
    key, rest = str(path[0]), path[1:]
    if key not in entries and dotted(path) in entries:
        key, rest = dotted(path), ()
    below = entries.get(key, Node({} if rest else None, place))
    entries[key] = _put(below, rest, override).under(below.start if rest else place)
    return replace(node, value=entries)
