"""What a spot of the document expects, and what stands there, in plain words."""

from __future__ import annotations

from typing import Any

from twostage.config.checking.shapes import Shape

SHOWN_TEXT = 40


def expected_words(shape: Shape | None) -> str:
    """Such as ``a whole number of at least 1 or null``."""
    if shape is None:
        return "something else"
    return " or ".join(dict.fromkeys(_schema_words(each) for each in shape.schemas))


def found_words(value: Any) -> str:
    """Such as ``'yes'`` or ``a list of 3 items``."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)} {'item' if len(value) == 1 else 'items'}" if value else "an empty list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= SHOWN_TEXT else f"{text[: SHOWN_TEXT - 3]}..."


def choice(names: list[str]) -> str:
    """``a, b or c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _schema_words(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return f"one of {choice([str(name) for name in schema['enum']])}"
    if "discriminator" in schema:
        tag = schema["discriminator"]
        return f"a mapping with {tag['propertyName']}: {choice(list(tag['mapping']))}"
    kind = schema.get("type", "")
    if kind == "array":
        return _list_words(schema)
    names = {"integer": "a whole number", "number": "a number", "boolean": "true or false", "object": "a mapping"}
    return names.get(kind, "text" if kind == "string" else kind) + _limits(schema)


def _list_words(schema: dict[str, Any]) -> str:
    if "prefixItems" in schema:
        parts = schema["prefixItems"]
        return f"a list of {len(parts)} items, each {expected_words(Shape.of(parts[0]))}"
    least = schema.get("minItems", 0)
    amount = f"at least {least} {'item' if least == 1 else 'items'}" if least else "items"
    return f"a list of {amount}, each {expected_words(Shape.of(schema['items']))}"


def _limits(schema: dict[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    parts = []
    if low is not None:
        parts.append(f"of at least {low:g}")
    if above is not None:
        parts.append(f"more than {above:g}")
    if high is not None:
        parts.append(f"of at most {high:g}")
    if below is not None:
        parts.append(f"less than {below:.12g}")
    if schema.get("minLength"):
        parts.append("that is not empty")
    if "pattern" in schema:
        parts.append(f"that matches {schema['pattern']}")
    return f" {' and '.join(parts)}" if parts else ""
