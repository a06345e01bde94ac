"""The code that a training depends on: the package's files that its modules import, without comments and layout."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class SourceTree:
    """The source files of one package. Imports inside functions count; those for type checking alone do not."""

    def __init__(self, package: Path) -> None:
        self.package = package
        self._digests: dict[str, str] = {}
        self._imports: dict[str, frozenset[str]] = {}

    def digest(self, modules: Iterable[str]) -> str:
        """Digest of these modules and of all that they import from the package, one by another."""
        digest = hashlib.sha256()
        for module in sorted(self.closure(modules)):
            digest.update(f"{module} {self._digests[module]}\n".encode())
        return digest.hexdigest()

    def closure(self, modules: Iterable[str]) -> set[str]:
        """These modules and all that they import from the package, one by another."""
        found: set[str] = set()
        waiting = [module for module in modules if self._file(module) is not None]
        while waiting:
            module = waiting.pop()
            if module not in found:
                found.add(module)
                waiting.extend(self._imported(module) - found)
        return found

    def _imported(self, module: str) -> frozenset[str]:
        if module not in self._imports:
            file = self._file(module)
            tree = ast.parse(b"" if file is None else file.read_bytes())
            self._digests[module] = hashlib.sha256(_meaning(tree).encode()).hexdigest()
            named = {parent for name in _named(tree) for parent in _with_parents(name)}
            self._imports[module] = frozenset(name for name in named if self._file(name) is not None)
        return self._imports[module]

    def _file(self, module: str) -> Path | None:
        """The file of a module of this package; None for one of another, and for a name that is no module."""
        first, *rest = module.split(".")
        if first != self.package.name:
            return None
        path = self.package.joinpath(*rest)
        files = (path.with_name(f"{path.name}.py"), path / "__init__.py") if rest else (path / "__init__.py",)
        return next((file for file in files if file.is_file()), None)


@cache
def package_code() -> SourceTree:
    """The source files of twostage as they are when this is first asked."""
    return SourceTree(Path(__file__).parents[2])


def _with_parents(name: str) -> Iterator[str]:
    """Importing a.b.c runs a, a.b and a.b.c."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _named(node: ast.AST) -> Iterator[str]:
    """Every name that is imported below this node, and every one that might be a module."""
    for child in _statements(node):
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.module:
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            yield from (name for other in child.orelse for name in _named(ast.Module([other], [])))
        else:
            yield from _named(child)


def _meaning(tree: ast.Module) -> str:
    """The syntax tree as text, without docstrings, comments and places."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        waiting.extend(_statements(node))
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree, annotate_fields=False)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The statements right below a node; expressions hold none."""
    for name in ("body", "orelse", "handlers", "finalbody", "cases"):
        inner = getattr(node, name, None)
        if isinstance(inner, list):
            yield from inner
