"""Old files as trees in which each value knows its file, line and column."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.files import text_layer
from twostage.config.reading.tree import Layer, LayerKind, Node, Place, problem_at
from twostage.legacy.text.nodes import LegacyText, OldNode
from twostage.legacy.text.read import decode_legacy, read_legacy


def read_old(path: Path, kind: LayerKind, asked_at: Place | None = None) -> tuple[LegacyText, Node]:
    """A file as the old loader read it. ``asked_at`` is where another file names it.

    Raises DocumentError for a file that is not there or that the old loader could not read.
    """
    data = _bytes(path, asked_at)
    text, notice = decode_legacy(data, str(path))
    old = read_legacy(text, str(path))
    if notice is not None:
        old = replace(old, notices=(notice, *old.notices))
    # Relative paths in old files start at the working folder and not at the file.
    return old, placed(old.root, text_layer(str(path), text, kind, str(Path.cwd()), asked_at))


def placed(node: OldNode, layer: Layer) -> Node:
    """The same tree with places in a layer."""
    place = Place(layer, node.line, node.column)
    value = node.value
    if isinstance(value, dict):
        entries = {key: placed(child, layer) for key, child in value.items()}
        return Node({key: child.under(Place(layer, *value[key].start)) for key, child in entries.items()}, place)
    if isinstance(value, list):
        return Node([placed(child, layer) for child in value], place)
    return Node(value, place)


def merge_old(under: Node, over: Node) -> Node:
    """Mappings merge key by key; everything else replaces, null as well. What was there keeps its order."""
    if not (isinstance(under.value, dict) and isinstance(over.value, dict)):
        return over
    entries = dict(under.value)
    for key, node in over.value.items():
        entries[key] = merge_old(entries[key], node) if key in entries else node
    return replace(over, value=entries)


def refuse(place: Place | None, name: str, key: str, message: str, code: str) -> NoReturn:
    """Raise DocumentError at a place, or for a name where there is none."""
    if place is None:
        raise DocumentError([Problem(name, None, None, key, message, code=code)])
    raise DocumentError([problem_at(place, key, message, code=code)])


def _bytes(path: Path, asked_at: Place | None) -> bytes:
    shown = "" if asked_at is None else f"{path}: "
    try:
        return path.read_bytes()
    except FileNotFoundError:
        refuse(asked_at, str(path), "", f"{shown}there is no such file", "no_file")
    except IsADirectoryError:
        refuse(asked_at, str(path), "", f"{shown}this is a folder; expected a file", "folder")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        refuse(asked_at, str(path), "", f"{shown}the file cannot be read: {reason}", "unreadable")
