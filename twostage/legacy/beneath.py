"""What the base files of an old document say beneath it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.tree import Layer, Place, nearest
from twostage.legacy.compose.bases import BASES
from twostage.legacy.compose.whole import Composed, compose_text
from twostage.legacy.core.leaves import KeyPath, leaves
from twostage.legacy.core.order import nested
from twostage.legacy.text.nodes import LegacyText, find, plain


@dataclass(frozen=True)
class Beneath:
    """Values that a file takes from its bases, and where all its values stand."""

    text: LegacyText
    layer: Layer
    values: dict[str, Any] = field(default_factory=dict)
    composed: Composed | None = None
    problems: tuple[Problem, ...] = ()

    def place(self, path: KeyPath) -> Place:
        """Where the value at a path was written; its nearest neighbour above where it was not."""
        own = find(self.text.root, path)
        if own is not None:
            return Place(self.layer, *own.start)
        if self.composed is not None:
            return nearest(self.composed.tree, path).start
        return Place(self.layer, 1, 1) if not path else self.place(path[:-1])


def beneath(text: LegacyText, layer: Layer) -> Beneath:
    """Read the base files of an old document; where one cannot be read, say why and go on without any."""
    own = plain(text.root)
    if BASES not in own:
        return Beneath(text, layer)
    try:
        composed = compose_text(text, layer)
    except DocumentError as error:
        return Beneath(text, layer, problems=error.problems)
    mine = {path for path, _ in leaves(own)}
    below = {path: value for path, value in leaves(composed.file) if path not in mine}
    return Beneath(text, layer, nested(below), composed)
