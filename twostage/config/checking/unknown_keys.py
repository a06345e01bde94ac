"""Where a key that is unknown here belongs: a misspelling, another variant, or another part of the document."""

from __future__ import annotations

from typing import Any

from twostage.config.checking.shapes import Shape, locate, places_of
from twostage.config.checking.suggest import nearest_name, shared_start
from twostage.config.checking.words import choice
from twostage.config.reading.tree import KeyPath, dotted


def meant_key(key: str, owner: Shape, written: dict[str, Any], limit: int | None = None) -> str | None:
    """The key of this mapping that was meant, if it is not written already."""
    return nearest_name(key, [name for name in owner.properties if name not in written], limit)


def advice(key: str, path: KeyPath, owner: Shape, siblings: Shape | None, written: dict[str, Any]) -> str:
    """One sentence of help; a slip of one letter comes before a far-away key of the same name."""
    close = meant_key(key, owner, written, limit=1) if len(key) > 1 else None
    if close is not None:
        return f"did you mean {close}?"
    for sentence in (_other_variant(key, siblings), _elsewhere(key, path)):
        if sentence:
            return sentence
    # One that is written already comes last: an override may have meant it.
    near = meant_key(key, owner, written) or meant_key(key, owner, {})
    if near is not None:
        return f"did you mean {near}?"
    if siblings is not None:
        near = nearest_name(key, siblings.properties)
        if near is not None and near not in owner.properties:
            return f"did you mean {near}? {_other_variant(near, siblings)}"
    return f"known keys here: {', '.join(owner.properties)}" if owner.properties else ""


def _other_variant(key: str, siblings: Shape | None) -> str:
    if siblings is None:
        return ""
    tags = [tag for tag, variant in siblings.tags.items() if key in variant.properties]
    return f"{key} belongs to {siblings.discriminator}: {choice(tags)}" if tags else ""


def _elsewhere(key: str, path: KeyPath) -> str:
    here = tuple(f"{name}" for name in path if isinstance(name, str))
    places = [place for place in places_of(key) if place != here]
    if not places:
        return ""
    best = min(places, key=lambda place: (place[: len(here)] != here, -shared_start(place, here), len(place)))
    where = f"under {dotted(best)}" if best else "at the top of the document"
    return f"{key} belongs {where}"


def siblings_at(loc: tuple[str | int, ...]) -> Shape | None:
    """The choice of variants that the mapping at the end of a pydantic path was taken from, if there is one."""
    if not loc:
        return None
    _, _, shape = locate(loc[:-1])
    return shape if shape is not None and loc[-1] in shape.tags else None
