"""One direction: what rules see of the old document, and what they say about the new one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from twostage.legacy.core.leaves import KeyPath, put, same
from twostage.legacy.core.mounts import Key, Layout, Leaf, Scope, Stage
from twostage.legacy.core.remarks import Remark, Remarks
from twostage.legacy.effects.counted import counted

Names = tuple[str, ...]


class NotHere(Exception):  # noqa: N818 - it is a reason, not a failure
    """A value that the new document cannot hold; the text says why."""


@cache
def key_of(name: str) -> Key:
    """``task.lr`` as a key; a part of digits is the place in a list."""
    return tuple(int(part) if part.isdecimal() else part for part in name.split("."))


@dataclass(frozen=True)
class Source:
    """All leaves of the old files, by scope and key. Of two with one key the stronger one counts, or the later one."""

    layout: Layout
    leaves: Sequence[Leaf]
    facts: Mapping[str, Any]
    by_key: Mapping[tuple[Scope, Key], Leaf] = field(init=False)

    def __post_init__(self) -> None:
        rising = sorted(self.leaves, key=lambda leaf: leaf.strength)
        found = {(leaf.scope, leaf.key): leaf for leaf in rising if leaf.key is not None}
        object.__setattr__(self, "by_key", found)

    @property
    def paths(self) -> set[KeyPath]:
        """Where the leaves stand."""
        return {leaf.path for leaf in self.leaves}


@dataclass(frozen=True)
class View:
    """What a rule reads: the scopes of one stage (or of the whole document), nearest first.

    A nearer scope wins whatever the spelling; inside a scope the first of the names wins.
    """

    source: Source
    scopes: tuple[Scope, ...]
    stage: Stage | None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was found out about the document before any rule ran, such as the role of each stage."""
        return self.source.facts

    def find(self, *names: str) -> Leaf | None:
        """The leaf that decides a quantity."""
        return next(iter(self.all(*names)), None)

    def all(self, *names: str) -> list[Leaf]:
        """Every leaf of a quantity, the deciding one first.

        As executed the name comes before the scope: the old code put the scopes together, and then read by name. As
        meant a null takes back what farther scopes say, but gives way to another name in its own scope.
        """
        keys = [key_of(name) for name in names if self.counts(name)]
        if self.executed:
            return self._there([(scope, key) for key in keys for scope in self.scopes])
        by_scope = (self._there([(scope, key) for key in keys]) for scope in self.scopes)
        return [leaf for found in by_scope for leaf in sorted(found, key=lambda leaf: leaf.value is None)]

    def _there(self, pairs: Iterable[tuple[Scope, Key]]) -> list[Leaf]:
        return [self.source.by_key[pair] for pair in pairs if pair in self.source.by_key]

    def value(self, *names: str) -> Any:
        """The value that decides a quantity; None where none is written."""
        leaf = self.find(*names)
        return None if leaf is None else leaf.value

    def below(self, name: str) -> list[Leaf]:
        """The leaves below a mapping, each key from its nearest scope."""
        prefix = key_of(name)
        found: dict[Key, Leaf] = {}
        if not self.counts(name):
            return []
        for scope in reversed(self.scopes):
            for (where, key), leaf in self.source.by_key.items():
                if where == scope and key[: len(prefix)] == prefix and len(key) > len(prefix):
                    found[key] = leaf
        return list(found.values())

    def counts(self, name: str) -> bool:
        """Whether a key is looked at: as executed only what the old code read, dead spellings not."""
        return not self.executed or counted(name)

    @property
    def executed(self) -> bool:
        """Whether the document is to repeat what the old code did."""
        return bool(self.facts.get("reading") == "as_executed")

    def only(self, scope: Scope) -> View:
        """The same view with one scope."""
        return View(self.source, (scope,), self.stage)


@dataclass
class Draft:
    """The new document as it grows, and which old leaf went where."""

    body: dict[str, Any] = field(default_factory=dict)
    uses: dict[KeyPath, list[KeyPath]] = field(default_factory=lambda: defaultdict(list))
    remarks: Remarks = field(default_factory=Remarks)
    refused: dict[str, str] = field(default_factory=dict)
    settled_by: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def set(self, path: str | KeyPath, value: Any, *used: Leaf | None) -> None:
        """Write a value and say which leaves it comes from."""
        where = key_of(path) if isinstance(path, str) else path
        put(self.body, where, value)
        self.use(where, *used)

    def use(self, where: str | KeyPath, *used: Leaf | None) -> None:
        """Leaves that a key of the new document stands for without holding their value."""
        target = key_of(where) if isinstance(where, str) else where
        for leaf in used:
            if leaf is not None and target not in self.uses[leaf.path]:
                self.uses[leaf.path].append(target)

    def remark(self, code: str, leaf: Leaf | KeyPath | None, text: str) -> None:
        """Tell the user something about a leaf."""
        path = leaf.path if isinstance(leaf, Leaf) else leaf
        self.remarks.add(Remark(code, path, text))

    def refuse(self, leaf: Leaf | str, reason: str, *, write: tuple[str, ...] = ()) -> None:
        """Something that the new document would have to say and cannot; ``write`` are the keys that would settle it."""
        if write:
            self.settled_by.setdefault(_name(leaf), write)
        self.remark("refused", self._left_out(leaf, reason), reason)

    def crash(self, leaf: Leaf | str, reason: str) -> None:
        """Something at which the old code stopped with an error, where the document is to repeat what it did."""
        text = f"as executed, the old code stopped here: {reason}"
        self.remark("crash", self._left_out(leaf, text), text)

    def unrepeatable(self, leaf: Leaf | str, reason: str) -> None:
        """Something that the old code did and that nothing here can repeat."""
        text = f"as executed, this cannot be repeated: {reason}"
        self.remark("not-reproduced", self._left_out(leaf, text), text)

    def _left_out(self, leaf: Leaf | str, reason: str) -> Leaf | None:
        """Stop a run for this; the leaf, where there is one."""
        self.refused.setdefault(_name(leaf), reason)
        return None if isinstance(leaf, str) else leaf

    def drop(self, path: str) -> None:
        """Take back what other rules wrote at a key and below it, and what they said it comes from."""
        *around, last = where = key_of(path)
        holder: Any = self.body
        for key in around:
            holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            holder.pop(last, None)
        for targets in self.uses.values():
            targets[:] = [target for target in targets if target[: len(where)] != where]

    def origin(self, path: str, leaves: Iterable[Leaf]) -> Leaf | None:
        """The first of some leaves that went to a key of the new document, or below it."""
        where = key_of(path)
        return next(
            (leaf for leaf in leaves if any(target[: len(where)] == where for target in self.uses.get(leaf.path, ()))),
            None,
        )

    def written(self, path: str) -> bool:
        """Whether a rule has written a key."""
        holder: Any = self.body
        for key in key_of(path):
            if not isinstance(holder, Mapping) or key not in holder:
                return False
            holder = holder[key]
        return True


def _name(leaf: Leaf | str) -> str:
    """Under which key something is refused."""
    return leaf if isinstance(leaf, str) else ".".join(map(str, leaf.key or leaf.path[1:]))


def agree(leaves: Iterable[Leaf]) -> bool:
    """Whether all leaves say the same."""
    values = [leaf.value for leaf in leaves]
    return all(same(value, values[0]) for value in values)
