"""Relative paths inside a document start at the file that wrote them; they are made absolute when it is read."""

from __future__ import annotations

import os
from dataclasses import replace

from twostage.config.plugins import members
from twostage.config.reading.tree import Node
from twostage.config.source import Source


def document_paths() -> tuple[tuple[str, ...], ...]:
    """Keys that are paths. The folder of results is not among them: it starts at the working folder."""
    names = dict.fromkeys(name for source in members(Source).values() for name in source.paths)
    return (*(("data", "source", name) for name in names), ("stage_2", "init", "checkpoint"))


def resolve_paths(node: Node) -> Node:
    """The same tree with absolute paths. Only what is text is touched; the rest is for validation to refuse."""
    for path in document_paths():
        node = _resolved(node, path)
    variants = node.value.get("variants") if isinstance(node.value, dict) else None
    if variants is None or not isinstance(node.value, dict) or not isinstance(variants.value, list):
        return node
    resolved = replace(variants, value=[_variant(item) for item in variants.value])
    return replace(node, value={**node.value, "variants": resolved})


def _variant(node: Node) -> Node:
    """The same for what a variant sets by dotted key."""
    values = node.value.get("set") if isinstance(node.value, dict) else None
    if values is None or not isinstance(node.value, dict) or not isinstance(values.value, dict):
        return node
    entries = dict(values.value)
    for path in document_paths():
        for depth in range(1, len(path) + 1):
            if (key := ".".join(path[:depth])) in entries:
                entries[key] = _resolved(entries[key], path[depth:])
    return replace(node, value={**node.value, "set": replace(values, value=entries)})


def _resolved(node: Node, path: tuple[str, ...]) -> Node:
    if not path:
        if not isinstance(node.value, str) or not node.value:
            return node
        text = os.path.normpath(os.path.join(node.place.layer.folder, os.path.expanduser(node.value)))  # noqa: PTH111, PTH118
        return replace(node, value=text)
    if not isinstance(node.value, dict) or path[0] not in node.value:
        return node
    entry = _resolved(node.value[path[0]], path[1:])
    return replace(node, value={**node.value, path[0]: entry})
