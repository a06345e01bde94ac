"""Code of installed packages that a training rests on: it belongs to what makes two stages the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel

from twostage.config.base import Component
from twostage.config.plugins import package_of


def package_digests(kinds: Iterable[type[Component]]) -> list[str]:
    """The packages that add these components, each with the digest of its source files; in one order always."""
    found = {(package_of(kind), _source_digest(kind)) for kind in kinds if package_of(kind) is not None}
    return sorted(f"{name} {digest}" for name, digest in found)


def components(value: BaseModel) -> Iterator[Component]:
    """Every component of a section, itself among them."""
    if isinstance(value, Component):
        yield value
    for below in vars(value).values():
        for each in below if isinstance(below, tuple | list) else (below,):
            if isinstance(each, BaseModel):
                yield from components(each)


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
