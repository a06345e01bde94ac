# ruff: noqa: INP001 - a script beside the pages, not a package
"""Write ``reference.md``: every key of the document, from the JSON Schema that the models give.

Run it from the root of the repository: ``.venv/bin/python docs/generate_reference.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from twostage.config.checking.shapes import Shape
from twostage.config.checking.words import expected_words
from twostage.config.lock import yaml_value
from twostage.config.schema import document_schema

PAGE = Path(__file__).with_name("reference.md")
HEAD = """\
# Reference: all keys of the document

This page is made by `docs/generate_reference.py` from the models in `twostage/config`. Do not edit it by hand.
What the sections are for stands in [document.md](document.md). `twostage schema` prints the same as JSON Schema.

A key without a default is required. Where a section has variants, the named key chooses one and must be written.
"""

Schema = dict[str, Any]
Variant = tuple[str, str]  # what chooses a section, such as "unit: bearing" (or nothing), and its definition


def reference_text() -> str:
    """The whole page."""
    root = document_schema()
    places = sections(root)
    parts = [HEAD, _section("the document", root, [])]
    parts += [_section(title(at), root["$defs"][name], [path for path, _ in at]) for name, at in places.items()]
    return "\n".join(parts)


def sections(root: Schema) -> dict[str, list[Variant]]:
    """Every definition with the (dotted key, tag) pairs where it may stand, in reading order.

    Where two stand at one key without a tag of their own, the tag is that of the section around each.
    """
    found: dict[str, list[Variant]] = {}
    around: dict[str, str] = {}

    def visit(schema: Schema, path: str, chosen: str) -> None:
        for key, below in schema["properties"].items():
            for tag, name in variants(below):
                here = f"{path}.{key}".lstrip(".") + ("[]" if _is_list(below) else "")
                found.setdefault(name, []).append((here, tag))
                around.setdefault(name, f"of {chosen}")
                visit(root["$defs"][name], here, tag or chosen)

    visit(root, "", "")
    unique = {name: sorted(set(at), key=at.index) for name, at in found.items()}
    titles = [title(at) for at in unique.values()]
    for name, at in unique.items():
        if titles.count(title(at)) > 1:
            at[0] = (at[0][0], around[name])
    return unique


def variants(schema: Schema) -> Iterator[Variant]:
    """The definitions that may stand at one spot."""
    if "$ref" in schema:
        yield "", _name(schema["$ref"])
    elif "discriminator" in schema:
        tag = schema["discriminator"]["propertyName"]
        names = {_name(reference): value for value, reference in schema["discriminator"]["mapping"].items()}
        for each in schema["oneOf"]:
            yield f"{tag}: {names[_name(each['$ref'])]}", _name(each["$ref"])
    for each in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from variants(each)


def title(at: list[Variant]) -> str:
    """The heading of a section: its first place, and the tag that chooses it."""
    path, tag = at[0]
    return f"{path}, {tag}" if tag else path


def _section(heading: str, schema: Schema, places: list[str]) -> str:
    lines = [f"## {heading}", "", schema["description"]]
    if len(places) > 1:
        lines += ["", "The same at " + ", ".join(f"`{path}`" for path in places[1:]) + "."]
    lines += ["", "| key | value | default | meaning |", "|---|---|---|---|"]
    required = schema.get("required", ())
    lines += [_row(key, below, required=key in required) for key, below in schema["properties"].items()]
    return "\n".join(lines) + "\n"


def _row(key: str, schema: Schema, *, required: bool) -> str:
    meaning = schema.get("description") or Shape.of(schema).schemas[0].get("description", "")
    if "const" in schema and not meaning:
        meaning = "Chooses this variant."
    value = re.sub(r"that matches (\S+)", r"that matches `\1`", expected_words(Shape.of(schema)))
    cells = (f"`{key}`", value, _default(schema, required=required), meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(schema: Schema, *, required: bool) -> str:
    if required or "default" not in schema:
        return "required" if required else "none"
    default = schema["default"]
    tags = [tag.partition(":")[0] for tag, _ in variants(schema) if tag]
    if isinstance(default, dict):
        return f"`{{{tags[0]}: {default[tags[0]]}}}`" if tags else _differences(schema, default)
    if isinstance(default, list) and any(isinstance(item, dict) for item in default):
        return ", ".join(str(item[tags[0]]) for item in default)
    return f"`{yaml_value(default)}`"


def _differences(schema: Schema, default: Schema) -> str:
    """What a section's default says other than the section's own keys do."""
    own = {key: shape.default for key, shape in Shape.of(schema).properties.items()}
    other = [f"{key}: {value}" for key, value in default.items() if value != own[key] and not isinstance(value, dict)]
    return f"`{{{', '.join(other)}}}`" if other else "its own defaults"


def _is_list(schema: Schema) -> bool:
    return schema.get("type") == "array"


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


if __name__ == "__main__":
    PAGE.write_text(reference_text(), encoding="utf-8")
