"""The other direction: what rules ask of the old document, and where each value is put.

A rule says which quantity has which value, by all the names that the quantity has. A name that the old document used
keeps its place; a new one goes to the first name, in the scope that the dialect has for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from twostage.legacy.core.forward import Names, key_of
from twostage.legacy.core.leaves import KeyPath, same
from twostage.legacy.core.mounts import Key, Layout, Scope, Stage

NO_WORD = object()  # what a codec encodes a value to that the old documents cannot say


@dataclass(frozen=True)
class Want:
    """A quantity that must have a value: of one stage, or of the whole document (None).

    ``scopes`` are those in which it may be put; without them all that the stage (or the document) reads.
    """

    stage: Stage | None
    names: Names
    value: Any
    scopes: tuple[Scope, ...] | None = None


@dataclass
class Wishes:
    """What the rules ask for, in their order.

    ``used`` are the keys that the old document used for something mapped, ``taken`` the places of all its leaves.
    """

    layout: Layout
    used: Mapping[tuple[Scope, Key], KeyPath]
    facts: Mapping[str, Any]
    taken: frozenset[KeyPath] = frozenset()
    wants: list[Want] = field(default_factory=list)

    def want(
        self, stage: Stage | None, names: str | Names, value: Any, *, scopes: tuple[Scope, ...] | None = None
    ) -> None:
        """Ask for a value; one without an old word is left out, and told when the old document is checked."""
        if value is not NO_WORD:
            self.wants.append(Want(stage, (names,) if isinstance(names, str) else names, value, scopes))

    def spelled(self, stage: Stage | None, *names: str) -> str | None:
        """The name under which the old document has a quantity that a stage (or the document) reads."""
        for scope in self._scopes(stage):
            for name in names:
                if (scope, key_of(name)) in self.used:
                    return name
        return None

    def _scopes(self, stage: Stage | None) -> tuple[Scope, ...]:
        return self.layout.scopes() if stage is None else self.layout.sees[stage]

    def placed(self) -> dict[KeyPath, Any]:
        """Values by the paths at which they go into the old files."""
        found: dict[KeyPath, Any] = {}
        for want in self.wants:
            for path in self._paths(want, found):
                found[path] = want.value
        return found

    def _paths(self, want: Want, found: Mapping[KeyPath, Any]) -> Iterable[KeyPath]:
        spelled = [path for path in self._spelled_paths(want) if path not in found or same(found[path], want.value)]
        return spelled or self._homes(want)

    def _spelled_paths(self, want: Want) -> list[KeyPath]:
        """Places that the old document has for a quantity: one for a stage, one in each scope for the document."""
        places: list[KeyPath] = []
        for scope in want.scopes or self._scopes(want.stage):
            named = [self.used[scope, key] for key in map(key_of, want.names) if (scope, key) in self.used]
            places += named[:1]
            if places and want.stage is not None:
                break
        return places

    def _homes(self, want: Want) -> list[KeyPath]:
        """One new place; in two files one in each, where both speak of the document."""
        scopes = want.scopes or self._scopes(want.stage)
        homes = [home for scope in scopes if (home := self._home(scope, want.names)) is not None]
        return homes if want.stage is None and self.layout.paired else homes[:1]

    def _home(self, scope: Scope, names: Names) -> KeyPath | None:
        """The first name that the old document leaves room for; the first of all where it has room for none."""
        if self.facts["shape"] == "p03":  # what a stage has a name of its own for goes there
            names = tuple(sorted(names, key=lambda name: not name.startswith("stage.")))
        homes = [home for name in names if (home := self.layout.home(scope, key_of(name))) is not None]
        return next((home for home in homes if not self._barred(home)), homes[0] if homes else None)

    def _barred(self, home: KeyPath) -> bool:
        """Whether a leaf stands around a place, or below it."""
        return home in self._branches or any(home[:length] in self.taken for length in range(1, len(home)))

    @cached_property
    def _branches(self) -> frozenset[KeyPath]:
        return frozenset(path[:length] for path in self.taken for length in range(1, len(path)))
