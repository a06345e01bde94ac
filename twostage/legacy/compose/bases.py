"""``base_configs``: a mapping of labels to files that an old document is laid over.

The files are merged in the order written, later ones win, and the document itself comes last. A path that starts with
``configs/`` starts at the working folder, any other relative path at the folder of the file that names it. What a base
says about bases of its own was never read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from twostage.config.reading.tree import Node
from twostage.legacy.compose.reading import merge_old, read_old, refuse
from twostage.legacy.dialects.p03 import HOLDERS, NAMES
from twostage.legacy.dialects.sections import OLD_NAMES, SECTIONS

BASES = "base_configs"
# A file without any of these had no effect: the old loader put its keys where nothing looked for them.
ROOTS = {*SECTIONS, *OLD_NAMES, "stages", *(str(holder[0]) for holder in HOLDERS if holder), *sum(NAMES.values(), ())}


def over_bases(tree: Node, folder: Path, tell: Callable[[str], None]) -> tuple[Node, list[Path]]:
    """The document over its bases, without the key that names them, and the files that were read.

    Raises DocumentError for a base that is missing or no old file.
    """
    tree, named = _without(tree)
    if named is None or named.value is None:
        return tree, []
    if not isinstance(named.value, dict):
        refuse(named.place, "", BASES, "expected a mapping of labels to file names", "base_configs")
    result: Node | None = None
    files: list[Path] = []
    for label, entry in named.value.items():
        base, path = _base(label, entry, folder, tell)
        files.append(path)
        if base is not None:
            result = base if result is None else merge_old(result, base)
    return (tree if result is None else merge_old(result, tree)), files


def without_bases(tree: Node, tell: Callable[[str], None]) -> Node:
    """A tree that is itself laid under or over another one: its own bases were never read."""
    tree, named = _without(tree)
    if named is not None:
        tell(f"{named.start}: {BASES} is not read here, as it never was; only the document itself may name bases")
    return tree


def _without(tree: Node) -> tuple[Node, Node | None]:
    entries = dict(tree.value) if isinstance(tree.value, dict) else {}
    named = entries.pop(BASES, None)
    return replace(tree, value=entries), named


def _base(label: str, entry: Node, folder: Path, tell: Callable[[str], None]) -> tuple[Node | None, Path]:
    if not isinstance(entry.value, str) or not entry.value:
        refuse(entry.place, "", f"{BASES}.{label}", "expected the name of a file", "base_configs")
    path = Path(entry.value).expanduser()
    if not path.is_absolute() and PurePosixPath(entry.value).parts[:1] != ("configs",):
        path = folder / path
    _, base = read_old(path, "base", entry.place)
    base = without_bases(base, tell)
    keys = list(base.value) if isinstance(base.value, dict) else []
    if not ROOTS & set(keys):
        shown = ", ".join(keys) or "nothing"
        tell(f"{path}: not applied, because its keys do not stand under a section such as {label}: ({shown})")
        return None, path
    return base, path
