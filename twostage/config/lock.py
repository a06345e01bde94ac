"""The lock: the whole resolved document as YAML, each value with a comment that says where it came from.

Loading the text gives an equal config, on a later version with other defaults as well; of a converted document only the
old files are left out, which have no effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from twostage._version import __version__
from twostage.config.load import LoadedDocument
from twostage.config.reading.provenance import Origin, leaves
from twostage.config.reading.tree import KeyPath
from twostage.config.reading.yaml_scalars import resolve_plain

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*")
_UNPRINTABLE = re.compile(r"[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def lock_text(loaded: LoadedDocument) -> str:
    """The resolved document with the origin of every value."""
    lines = [f"# Resolved by twostage {__version__}. Each line says where its value came from."]
    lines += [f"# note: {_comment(note)}" for note in loaded.notes]
    lines += _mapping(_resolved(loaded), (), loaded.origins)
    return "\n".join(lines) + "\n"


def explain_text(loaded: LoadedDocument) -> str:
    """The lock without what makes it a document: one ``key = value`` per leaf, with its origin."""
    rows = [(_dotted(path), yaml_value(value), str(loaded.origins[path])) for path, value in _rows(loaded)]
    width = max(len(key) + len(value) for key, value, _ in rows) + 3
    return "\n".join(f"{f'{key} = {value}':<{width}}  # {_comment(origin)}" for key, value, origin in rows)


def yaml_value(value: Any) -> str:
    """A scalar, an empty mapping, or a list of scalars on one line."""
    if isinstance(value, list):
        return f"[{', '.join(yaml_value(item) for item in value)}]"
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, str):
        return value if _PLAIN.fullmatch(value) and resolve_plain(value) == value else _quoted(value)
    return "null" if value is None else json.dumps(value)


def _rows(loaded: LoadedDocument) -> Iterator[tuple[KeyPath, Any]]:
    return leaves(_resolved(loaded))


def _resolved(loaded: LoadedDocument) -> dict[str, Any]:
    """Everything that has an effect. Of a carrier that is what may stop a run; its old files are left out."""
    config = loaded.config.model_dump(mode="json")
    if config["legacy"] is None:
        del config["legacy"]
    else:
        del config["legacy"]["files"]
    return config


def _dotted(path: KeyPath) -> str:
    return ".".join(str(key) for key in path)


def _quoted(text: str) -> str:
    """Double quotes with escapes for all that YAML does not print as it is."""
    escaped = _UNPRINTABLE.sub(_escape, text.replace("\\", "\\\\").replace('"', '\\"'))
    return '"' + escaped.replace("\n", "\\n") + '"'


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the plane of \u


def _comment(text: str) -> str:
    return _UNPRINTABLE.sub("?", text.replace("\n", " "))


def _mapping(data: dict[str, Any], path: KeyPath, origins: Mapping[KeyPath, Origin], indent: str = "") -> Iterator[str]:
    for key, value in data.items():
        here = (*path, key)
        if isinstance(value, dict) and value:
            yield f"{indent}{key}:"
            yield from _mapping(value, here, origins, indent + "  ")
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            yield f"{indent}{key}:"
            yield from _list(value, here, origins, indent + "  ")
        else:
            yield f"{indent}{key}: {yaml_value(value)}  # {_origin(value, here, origins)}"


def _list(items: list[Any], path: KeyPath, origins: Mapping[KeyPath, Origin], indent: str) -> Iterator[str]:
    for index, item in enumerate(items):
        if isinstance(item, dict) and item:
            first, *rest = _mapping(item, (*path, index), origins, indent + "  ")
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {yaml_value(item)}  # {_origin(item, (*path, index), origins)}"


def _origin(value: Any, path: KeyPath, origins: Mapping[KeyPath, Origin]) -> str:
    """The origin of a value, or the different ones of a list's items."""
    return _comment("; ".join(dict.fromkeys(str(origins[leaf]) for leaf, _ in leaves(value, path))))
