"""Code of installed packages that a training rests on: it belongs to what makes two stages the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twostage.config.base import Component, Section
from twostage.config.plugins import package_of


def package_digests(section: Section) -> dict[str, str]:
    """Each package that adds a component to this section, and the digest of its source files."""
    found = {package_of(type(each)): type(each) for each in _components(section)}
    return {name: _source_digest(kind) for name, kind in found.items() if name is not None}


def _components(value: Any) -> Iterator[Component]:
    if isinstance(value, Component):
        yield value
    if isinstance(value, Section):
        for name in type(value).model_fields:
            yield from _components(getattr(value, name))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _components(each)


def _source_digest(kind: type[Component]) -> str:
    """Of the whole package of the config and of the one of the class: which modules they import, nobody can say."""
    digest = hashlib.sha256()
    for package in sorted({name.partition(".")[0] for name in (kind.__module__, kind.implementation)}):
        for path in _files(package):
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(package: str) -> list[Path]:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    origin = Path(spec.origin)
    return sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]
