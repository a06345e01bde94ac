"""What may stand at each spot of a document, read from its JSON Schema.

The schema is the one description of the models that is plain data: variants, keys and limits are all in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from twostage.config.reading.tree import KeyPath
from twostage.config.schema import document_schema

_REF = "#/$defs/"


@dataclass(frozen=True)
class Shape:
    """One spot: the schemas of which a value must fit one, with references and ``anyOf`` looked through."""

    schemas: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, schema: dict[str, Any]) -> Shape:
        """The shape of a schema of the document."""
        return cls(tuple(_flat(schema)))

    @cached_property
    def properties(self) -> dict[str, Shape]:
        """The keys of a mapping, of each variant if there are several."""
        return {
            name: Shape.of(schema) for each in self._mappings for name, schema in each.get("properties", {}).items()
        }

    @cached_property
    def tags(self) -> dict[str, Shape]:
        """The variants of a mapping by the tag that chooses them; empty where there is no choice."""
        return {
            tag: Shape.of({"$ref": reference})
            for each in self.schemas
            for tag, reference in each.get("discriminator", {}).get("mapping", {}).items()
        }

    @property
    def discriminator(self) -> str | None:
        """The key that chooses the variant."""
        names = [each["discriminator"]["propertyName"] for each in self.schemas if "discriminator" in each]
        return names[0] if names else None

    @property
    def default(self) -> Any:
        """The default that is written in the schema, or None."""
        return next((each["default"] for each in self.schemas if "default" in each), None)

    def item(self, index: int) -> Shape | None:
        """What may stand at a position of a list; None where no list may stand."""
        return self._items[min(index, len(self._items) - 1)] if self._items else None

    @cached_property
    def _items(self) -> tuple[Shape, ...]:
        """By position; the last one also stands for all after it."""
        for each in self.schemas:
            if "prefixItems" in each:
                return tuple(Shape.of(item) for item in each["prefixItems"])
            if "items" in each:
                return (Shape.of(each["items"]),)
        return ()

    @property
    def _mappings(self) -> Iterator[dict[str, Any]]:
        for each in self.schemas:
            if "properties" in each:
                yield each
        for variant in self.tags.values():
            yield from variant.schemas


@cache
def root_shape() -> Shape:
    """The shape of the whole document, without ``bases``, which is read before."""
    schema = document_schema()
    properties = {name: each for name, each in schema["properties"].items() if name != "bases"}
    return Shape(({**schema, "properties": properties},))


def locate(loc: tuple[str | int, ...]) -> tuple[KeyPath, Shape | None, Shape | None]:
    """Where an error of pydantic lies: the path as written, the shape of the mapping around it, and its own.

    Pydantic's path also names the variants it went through. They are told from keys by walking the shapes along.
    """
    path: KeyPath = ()
    owner: Shape | None = None
    shape: Shape | None = root_shape()
    for item in loc:
        if shape is not None and isinstance(item, str) and item in shape.tags:
            shape = shape.tags[item]
        elif shape is not None and isinstance(item, str) and not shape.properties:
            continue  # the label of a member of an undiscriminated union
        else:
            owner = shape
            path = (*path, item)
            shape = _below(shape, item)
    return path, owner, shape


def places_of(name: str) -> tuple[KeyPath, ...]:
    """The mappings of a document in which a key may stand, outermost first; ``[]`` stands for any list item."""
    return _places().get(name, ())


@cache
def _places() -> dict[str, tuple[KeyPath, ...]]:
    found: dict[str, tuple[KeyPath, ...]] = {}
    queue: list[tuple[KeyPath, Shape]] = [((), root_shape())]
    for path, shape in queue:
        for key, below in shape.properties.items():
            found[key] = (*found.get(key, ()), path)
            item = below.item(0)
            queue.append(((*path, f"{key}[]"), item) if item else ((*path, key), below))
    return found


def _below(shape: Shape | None, item: str | int) -> Shape | None:
    if shape is None:
        return None
    return shape.item(item) if isinstance(item, int) else shape.properties.get(item)


def _flat(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        target = document_schema()["$defs"][schema["$ref"].removeprefix(_REF)]
        beside = {key: value for key, value in schema.items() if key not in {"$ref", "required"}}
        yield {**target, **beside}
    elif "anyOf" in schema:
        beside = {key: value for key, value in schema.items() if key == "default"}
        for member in schema["anyOf"]:
            for each in _flat(member):
                yield {**each, **beside}
    else:
        yield schema
