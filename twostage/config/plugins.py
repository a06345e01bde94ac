"""Components that installed packages add to the document, by entry point.

A package names a config class under a group such as ``twostage.backbones``; the class then stands beside ours wherever
such a component may be written. Installing the package is the consent: a document itself never has code executed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, reduce
from importlib.metadata import Distribution, EntryPoint
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, Field, GetCoreSchemaHandler, PydanticUserError
from pydantic_core import CoreSchema

from twostage.config.base import Component, Section
from twostage.errors import TwoStageError

PREFIX = "twostage."
_HEAVY = ("torch", "lightning", "numpy", "pandas")
_IMPLEMENTATION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
# What a module of somebody else can raise while it is imported and its class is looked at.
_BREAKS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    PydanticUserError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class PackageError(TwoStageError):
    """An installed package adds a component that cannot be used."""


@dataclass(frozen=True)
class Family:
    """Beside a union of components: packages may add to it, and ``tag`` chooses among them.

    ``base`` is the class that every added config inherits from.
    """

    group: str
    tag: str
    base: type[Component] = field(default=Component)

    def every(self, union: Any) -> dict[str, type[Component]]:
        """The components of a union and those that installed packages add, by tag. Raises PackageError."""
        ours = {value: each for each in get_args(union) for value in tags_of(each, self.tag)}
        added = _added(self)
        for name in added:
            if name in ours:
                raise PackageError(
                    f"{_package(_entries()[self.group, name])} adds {name} to {self.group}, but twostage has a "
                    "component of that name; the package must choose another, or be removed"
                )
        return ours | added

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The union of ours and theirs."""
        union: Any = reduce(or_, self.every(source).values())
        return handler.generate_schema(Annotated[union, Field(discriminator=self.tag)])


def members(union: Any) -> dict[str, type[Component]]:
    """The components of an annotated union by tag, ours first."""
    inner, *beside = get_args(union)
    return next(each for each in beside if isinstance(each, Family)).every(inner)


def tags_of(kind: type[Component], tag: str) -> tuple[str, ...]:
    """What chooses this component: the literal of its tag."""
    written = kind.model_fields.get(tag)
    return get_args(written.annotation) if written is not None and get_origin(written.annotation) is Literal else ()


def package_of(kind: type[Component]) -> str | None:
    """The package and version that adds a component; None for one of ours."""
    value = f"{kind.__module__}:{kind.__qualname__}"
    return next((_package(entry) for entry in _entries().values() if entry.value.replace(" ", "") == value), None)


@cache
def _added(family: Family) -> dict[str, type[Component]]:
    found = {name: entry for (group, name), entry in _entries().items() if group == family.group}
    return {name: _loaded(entry, family) for name, entry in sorted(found.items())}


@cache
def _entries() -> dict[tuple[str, str], EntryPoint]:
    """Entry points of our groups, by group and name. Reads the lists of installed packages; imports none."""
    found: dict[tuple[str, str], EntryPoint] = {}
    for path in _lists():
        for entry in Distribution.at(path.parent).entry_points:
            if entry.group.startswith(PREFIX):
                other = found.setdefault((entry.group, entry.name), entry)
                if (_package(other), other.value) != (_package(entry), entry.value):
                    raise PackageError(
                        f"{_package(other)} and {_package(entry)} both add {entry.name} to {entry.group}; remove one"
                    )
    return found


def _lists() -> Iterator[Path]:
    """Lists of entry points that speak of us; searching the text of all takes two milliseconds."""
    for folder in dict.fromkeys(sys.path):
        for path in sorted(Path(folder or ".").glob("*-info/entry_points.txt")):
            if b"[twostage." in path.read_bytes().replace(b" ", b""):
                yield path


def _loaded(entry: EntryPoint, family: Family) -> type[Component]:
    before = {name for name in _HEAVY if name in sys.modules}
    with _blamed(entry):
        kind = entry.load()
        reason = _unfit(kind, entry, family)
    heavy = next((name for name in _HEAVY if name in sys.modules and name not in before), None)
    if heavy is not None:
        reason = f"its module imports {heavy}, and reading a document must not; import it in the module of the class"
    if reason is not None:
        raise PackageError(f"{_package(entry)} adds {entry.value} to {entry.group}, but {reason}")
    loaded: type[Component] = kind
    return loaded


@contextmanager
def _blamed(entry: EntryPoint) -> Iterator[None]:
    try:
        yield
    except _BREAKS as error:
        raise PackageError(
            f"{_package(entry)} adds {entry.value} to {entry.group}, but it cannot be imported: "
            f"{type(error).__name__}: {error}; repair the package, or remove it"
        ) from error


def _unfit(kind: Any, entry: EntryPoint, family: Family) -> str | None:
    """Say why a class cannot stand beside ours, or None."""
    if not (isinstance(kind, type) and issubclass(kind, family.base)):
        return f"it is no subclass of {family.base.__module__}.{family.base.__name__}"
    if tags_of(kind, family.tag) != (entry.name,) or kind.model_fields[family.tag].default != entry.name:
        return f'it needs the field {family.tag}: Literal["{entry.name}"] = "{entry.name}", the name of its entry point'
    if not _IMPLEMENTATION.fullmatch(str(getattr(kind, "implementation", ""))):
        return 'it needs implementation: ClassVar[str] = "package.module:Class"'
    loose = next((each for each in _sections(kind) if not _strict(each)), None)
    return None if loose is None else f"{loose.__name__} is no Section with the strictness of one"


def _strict(kind: type[BaseModel]) -> bool:
    wanted = Section.model_config
    return issubclass(kind, Section) and all(kind.model_config.get(key) == value for key, value in wanted.items())


def _sections(kind: Any, seen: tuple[Any, ...] = ()) -> Iterator[type[BaseModel]]:
    """A config and all that it holds."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind in seen:
            return
        yield kind
        for each in kind.model_fields.values():
            yield from _sections(each.annotation, (*seen, kind))
    for inner in get_args(kind):
        yield from _sections(inner, seen)


def _package(entry: EntryPoint) -> str:
    return "a package" if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
