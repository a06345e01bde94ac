"""A file and the files it builds on: ``bases: [a.yaml, b.yaml]``.

Each base is found from the folder of the file that names it, may name bases of its own, and is laid under what comes
after it: first the bases in the order written, then the file itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from twostage.config.old_documents import old_tree
from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.files import file_layer, read_text
from twostage.config.reading.merge import merge
from twostage.config.reading.tree import LayerKind, Node, Place, plain, problem_at
from twostage.config.reading.yaml_tree import parse_yaml

BASES = "bases"


@dataclass(slots=True)
class Reading:
    """What has been read so far: files in the order met, problems, and remarks that are no problems.

    ``broken`` says that a part is missing, so that absence proves nothing.
    """

    files: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    broken: bool = False

    def fail(self, problems: tuple[Problem, ...] | list[Problem]) -> None:
        """Remember problems that leave a hole in the document."""
        if problems:
            self.problems += [problem for problem in problems if problem not in self.problems]
            self.broken = True


def read_file(
    path: Path, kind: LayerKind, reading: Reading, asked_at: Place | None = None, chain: tuple[Path, ...] = ()
) -> Node | None:
    """The tree of a file over its bases; None where it cannot be read, with the reason in ``reading``."""
    try:
        text = read_text(path, asked_at)
        if path not in reading.files:
            reading.files.append(path)
        layer = file_layer(path, text, kind, asked_at)
        node, problems = parse_yaml(text, layer)
        old = old_tree(text, layer, plain(node))
    except DocumentError as error:
        reading.fail(error.problems)
        return None
    if old is not None:
        reading.notes += old[1]
        return old[0]
    reading.fail(problems)
    return over_bases(node, reading, (*chain, path))


def over_bases(node: Node, reading: Reading, chain: tuple[Path, ...] = ()) -> Node:
    """A tree over the bases it names, without the key that names them."""
    if not isinstance(node.value, dict):
        return node
    entries = dict(node.value)
    named = entries.pop(BASES, None)
    node = replace(node, value=entries)
    if named is None:
        return node
    result: Node | None = None
    for entry in _entries(named, reading):
        base = _read_base(entry, reading, chain)
        if base is not None:
            result = base if result is None else merge(result, base, reading.notes.append)
    return node if result is None else merge(result, node, reading.notes.append)


def _entries(named: Node, reading: Reading) -> list[Node]:
    entries = named.value if isinstance(named.value, list) else None
    if entries is None or not all(isinstance(entry.value, str) and entry.value for entry in entries):
        message = "expected a list of file names, such as [base.yaml]"
        reading.fail([problem_at(named.place, BASES, message, code="bases")])
        return []
    return entries


def _read_base(entry: Node, reading: Reading, chain: tuple[Path, ...]) -> Node | None:
    path = Path(os.path.normpath(Path(entry.place.layer.folder, str(entry.value))))
    shown = _shown(path, chain)
    if any(_same(path, above) for above in chain):
        circle = " -> ".join(str(each) for each in (*chain, shown))
        reading.fail([problem_at(entry.place, BASES, f"these files build on each other: {circle}", code="cycle")])
        return None
    kind: LayerKind = "local" if entry.place.layer.kind == "local" else "base"
    return read_file(shown, kind, reading, entry.place, chain)


def _shown(path: Path, chain: tuple[Path, ...]) -> Path:
    """Name a base the way its user was named: relative where the first file was given relative."""
    if chain and not chain[0].is_absolute() and path.is_relative_to(Path.cwd()):
        return path.relative_to(Path.cwd())
    return path


def _same(left: Path, right: Path) -> bool:
    return left.resolve() == right.resolve()
