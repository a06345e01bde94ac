"""Code of installed packages that a training rests on: it belongs to what makes two stages the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

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
    for name in _holding(type(value)):
        below = getattr(value, name)
        for each in below if isinstance(below, tuple | list) else (below,):
            if isinstance(each, BaseModel):
                yield from components(each)


@cache
def _holding(kind: type[BaseModel]) -> tuple[str, ...]:
    """The fields that may hold sections: the others need not be looked into, of thousands of points."""
    return tuple(name for name, field in kind.model_fields.items() if _may_hold(field.annotation))


def _may_hold(annotation: Any) -> bool:
    if get_origin(annotation) is Literal or annotation in {None, type(None), str, int, float, bool}:
        return False
    inner = get_args(annotation)
    return not inner or any(_may_hold(each) for each in inner if each is not ...)


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
