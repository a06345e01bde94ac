"""Old documents where a new one is expected: as data, and as the text of a file with the place of every value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from twostage.config.problems import DocumentError, Problem, reason_of
from twostage.config.reading.tree import Layer, Node, Place
from twostage.legacy.beneath import Beneath, beneath
from twostage.legacy.convert import Conversion, ConversionError, to_new
from twostage.legacy.core.leaves import KeyPath
from twostage.legacy.detect import detect
from twostage.legacy.models.documents import legacy_document
from twostage.legacy.present import ordered
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.read import read_legacy


def adapted(written: Mapping[str, Any]) -> Any:
    """The new document of an old one; what is none stays as it is, and its keys are told as unknown."""
    if detect(written).shape is None:
        return written
    try:
        legacy_document(written)
        return ordered(to_new([written]).document)
    except ConversionError as error:
        raise ValueError(str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ValueError(f"{'.'.join(map(str, first['loc'][1:]))}: {reason_of(first)}") from error


def old_tree(text: str, layer: Layer) -> tuple[Node, list[str]] | None:
    """The tree of a new document that an old file means, each value at its old place; None where it is no old file.

    Raises DocumentError for a file that the old loader could not read either.
    """
    old = read_legacy(text, layer.name)
    if detect(plain(old.root)).shape in {None, "fragment"}:
        return None
    below = beneath(old, layer)
    if below.problems:
        raise DocumentError(below.problems)
    try:
        conversion = to_new([plain(old.root)], bases=[below.values] if below.values else ())
    except ConversionError as error:
        raise DocumentError([Problem(layer.name, 1, 1, "", str(error), code="conversion")]) from error
    places = _Places(below, conversion)
    shape = conversion.detection.shape
    notes = [f"{layer.name} is an old document of shape {shape}; it is read as twostage convert would write it"]
    notes += [
        f"{places.cause(key)}: {key} is left out, and a run is refused until that is decided: {why}"
        for key, why in conversion.refused.items()
    ]
    return places.node(ordered(conversion.document), ()), notes


class _Places:
    """Where each value of the new document stands in the old file."""

    def __init__(self, below: Beneath, conversion: Conversion) -> None:
        self._below, self._conversion = below, conversion
        self._from: dict[KeyPath, KeyPath] = {}
        for path, targets in conversion.uses.items():
            for target in targets:
                self._from.setdefault(target, path[1:])

    def cause(self, key: str) -> str:
        """The place of what is refused; the name of the file where it lacks that."""
        path = self._conversion.cause(key)
        return self._below.layer.name if path is None else str(self._below.place(path[1:]))

    def node(self, value: Any, path: KeyPath) -> Node:
        """A value with everything below it; what no old value stands for is where its neighbours are."""
        place = self._place(path)
        if isinstance(value, Mapping):
            entries = {key: self.node(child, (*path, key)) for key, child in value.items()}
            return Node({key: child.under(child.place) for key, child in entries.items()}, place)
        if isinstance(value, list | tuple):
            return Node([self.node(child, (*path, index)) for index, child in enumerate(value)], place)
        return Node(value, place)

    def _place(self, path: KeyPath) -> Place:
        while path:
            below = next((old for new, old in self._from.items() if new[: len(path)] == path), None)
            if below is not None:
                return self._below.place(below)
            path = path[:-1]
        return Place(self._below.layer, 1, 1)
