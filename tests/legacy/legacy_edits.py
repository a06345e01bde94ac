"""Edits of a new document, as a person would make them: a value changed, a key deleted, a key added."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

from hypothesis import strategies as st
from legacy_new_documents import WORDS_OF_SHAPE, expressible
from pydantic import ValidationError

from twostage.config.checking.shapes import Shape, root_shape
from twostage.config.document import TwoStageConfig
from twostage.legacy.core.leaves import KeyPath, at, leaves, put


@dataclass(frozen=True)
class Edit:
    """One edit. ``donor`` is another document, from which a key that is added comes."""

    kind: Literal["change", "delete", "add"]
    donor: dict[str, Any]
    turn: int


def edits() -> st.SearchStrategy[Edit]:
    """Any edit; most change a value."""
    turns = st.integers(0, 7)
    donors = st.sampled_from(tuple(WORDS_OF_SHAPE)).flatmap(expressible)
    adding = st.builds(Edit, st.just("add"), donors, turns)
    changing = st.builds(Edit, st.sampled_from(("change", "change", "delete")), st.just({}), turns)
    return st.one_of(changing, changing, changing, adding)


TRIES = 6


def edited(document: dict[str, Any], edit: Edit, place: int) -> tuple[dict[str, Any], str] | None:
    """The edited document and the key that was edited; None where the edit finds nothing to do.

    Of several places one is taken where the edit leaves every key with a type that it may have, if there is one.
    """
    made = (_edited(document, edit, place + number) for number in range(TRIES))
    first = None
    for each in made:
        if each is not None and _typed(each[0]):
            return each
        first = first or each
    return first


def _typed(document: dict[str, Any]) -> bool:
    try:
        TwoStageConfig.model_validate(document)
    except ValidationError as error:
        return all(each["type"] in {"missing", "value_error"} for each in error.errors())
    return True


def _edited(document: dict[str, Any], edit: Edit, place: int) -> tuple[dict[str, Any], str] | None:
    result = deepcopy(document)
    body = {key: value for key, value in result.items() if key != "legacy"}
    holder = edit.donor if edit.kind == "add" else body
    found = [(path, value) for path, value in leaves(holder) if path]
    if edit.kind == "add":
        found = [(path, value) for path, value in found if path[0] in body and not _has(body, path)]
    if not found:
        return None
    path, value = found[place % len(found)]
    if edit.kind == "delete":
        del at(result, path[:-1])[path[-1]]
    elif edit.kind == "add":
        put(result, path, value)
    else:
        other = _another(path, value, edit.turn)
        if other is None:
            return None
        at(result, path[:-1])[path[-1]] = other
    return result, ".".join(map(str, path))


def _has(body: dict[str, Any], path: KeyPath) -> bool:
    """Whether a path leads to something, or through something that is no mapping."""
    value: Any = body
    for key in path:
        if not isinstance(value, dict):
            return True
        if key not in value:
            return False
        value = value[key]
    return True


def _another(path: KeyPath, value: Any, turn: int) -> Any:
    """Another value of the same kind; None where there is none."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1 + turn
    if isinstance(value, float):
        return (value / 2, 0.25, value + 0.125)[turn % 3]
    if isinstance(value, str):
        words = [word for word in _words(path) if word != value] or [value + "'"]
        return words[turn % len(words)]
    if isinstance(value, list):
        return ([*value, 77], list(reversed(value)), value[:1])[turn % 3]
    return None


def _words(path: KeyPath) -> list[str]:
    """The words that the schema has for a key."""
    shape: Shape | None = root_shape()
    for key in path:
        if shape is None:
            return []
        if key == shape.discriminator:
            return sorted(shape.tags)
        shape = shape.item(key) if isinstance(key, int) else shape.properties.get(key)
    return [word for each in (shape.schemas if shape else ()) for word in each.get("enum", ()) if isinstance(word, str)]
