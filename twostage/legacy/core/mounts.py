"""Where a dialect puts its keys.

All dialects speak of the same sections (``task.lr``, ``trainer.monitor``), but each keeps them in places of its own:
for the whole document, for stage 1 or for stage 2. A dialect is a table of mounts, read in both directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from twostage.legacy.core.leaves import KeyPath, leaves

Scope = Literal["shared", "stage_1", "stage_2"]
Stage = Literal["stage_1", "stage_2"]
Key = tuple[str | int, ...]
OWN_NAMES = "stage"  # the room of keys that only the block of a stage has


@dataclass(frozen=True, slots=True)
class Mount:
    """Keys below ``prefix`` belong to ``scope``; their key is what follows, below ``under``.

    ``expands`` says that a key such as ``task.lr`` stands for ``lr`` in ``task``. Of two mounts of one scope that hold
    the same key, the one with more ``strength`` decides, wherever they stand.
    """

    prefix: KeyPath
    scope: Scope
    under: Key = ()
    expands: bool = False
    strength: int = 0

    def key_of(self, path: KeyPath) -> Key | None:
        """The key of a path below the mount."""
        if path[: len(self.prefix)] != self.prefix or len(path) == len(self.prefix):
            return None
        rest = path[len(self.prefix) :]
        if self.expands:
            rest = tuple(part for key in rest for part in (key.split(".") if isinstance(key, str) else [key]))
        return (*self.under, *rest) if self._may_hold(rest[0]) else None

    def path_of(self, key: Key) -> KeyPath | None:
        """The path of a key that the mount can hold."""
        inside = key[: len(self.under)] == self.under and len(key) > len(self.under)
        rest = key[len(self.under) :]
        return (*self.prefix, *rest) if inside and self._may_hold(rest[0]) else None

    def _may_hold(self, first: str | int) -> bool:
        """A section that happens to be called like the room of a stage's own names is none."""
        return bool(self.under) or first != OWN_NAMES


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf of an old document. ``key`` is its dialect-free name; None where the dialect gives it no meaning."""

    path: KeyPath
    scope: Scope
    key: Key | None
    value: Any
    strength: int = 0


@dataclass(frozen=True)
class Layout:
    """The mounts of one document; of two that hold a path the longer prefix counts, of two that hold a key the first.

    ``sees`` gives, for each stage that the document has, the scopes that a stage reads, nearest first.
    """

    mounts: tuple[Mount, ...]
    sees: Mapping[Stage, tuple[Scope, ...]]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that the document describes."""
        return tuple(self.sees)

    @property
    def paired(self) -> bool:
        """Whether every stage has a file of its own."""
        return bool(self.sees) and all("shared" not in scopes for scopes in self.sees.values())

    def scopes(self) -> tuple[Scope, ...]:
        """All scopes in the order in which a key of the whole document is looked up."""
        seen = dict.fromkeys(scope for scopes in self.sees.values() for scope in scopes)
        return tuple(sorted(seen or {"shared": None}, key=("shared", "stage_1", "stage_2").index))

    def read(self, files: Sequence[Any]) -> list[Leaf]:
        """Every leaf of the old files; a path starts with the number of its file."""
        return [self.leaf((number, *path), value) for number, file in enumerate(files) for path, value in leaves(file)]

    def leaf(self, path: KeyPath, value: Any) -> Leaf:
        """The leaf at a path, under its dialect-free name."""
        fitting = [mount for mount in self.mounts if mount.key_of(path) is not None]
        if not fitting:
            return Leaf(path, "shared", None, value)
        mount = max(fitting, key=lambda each: len(each.prefix))
        return Leaf(path, mount.scope, mount.key_of(path), value, mount.strength)

    def home(self, scope: Scope, key: Key) -> KeyPath | None:
        """Where a key goes that the old document does not have yet."""
        for mount in self.mounts:
            path = mount.path_of(key) if mount.scope == scope else None
            if path is not None:
                return path
        return None
