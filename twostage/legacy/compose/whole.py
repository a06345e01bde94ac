"""The whole document: bases, the file, this machine's file, overrides, another data folder. Later ones win."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from twostage.config.reading.tree import KeyPath, Layer, Node, Place, nearest, plain
from twostage.legacy.compose.bases import over_bases, without_bases
from twostage.legacy.compose.overrides import Override, apply_override, parse_override, refuse_stage
from twostage.legacy.compose.reading import merge_old, placed, read_old
from twostage.legacy.text.nodes import LegacyText

Local = str | Path | None
LOCAL = Path("configs/local/local.yaml")


@dataclass(frozen=True)
class Composed:
    """One old document, as its loader would have handed it on.

    ``tree`` has the place of every value of ``file``. ``text`` is the document's own file, with its comments;
    ``notes`` tell what was laid under and over it; ``files`` are all that were read, the document first.
    """

    file: dict[str, Any]
    tree: Node
    text: LegacyText
    notes: tuple[str, ...]
    files: tuple[Path, ...]

    def place(self, path: KeyPath) -> Place:
        """Where the value at a path was written, or the nearest one above it."""
        return nearest(self.tree, path).start

    @property
    def environment(self) -> dict[str, str]:
        """What the old pipelines put into the environment: keys in capitals with plain values."""
        section = self.file.get("environment")
        entries = section if isinstance(section, Mapping) else {}
        return {key: str(value) for key, value in entries.items() if key.isupper() and not isinstance(value, dict)}


def compose_legacy(
    path: str | Path, *, local: Local = None, overrides: Sequence[str] = (), data_root: str | Path | None = None
) -> Composed:
    """Read an old file with everything around it.

    ``local`` is a file to lay over it; ``"auto"`` takes ``configs/local/local.yaml`` of the working folder if it is
    there. Raises DocumentError for any file that is missing or unreadable and for a bad override.
    """
    (composed,) = compose_files([path], local=local, overrides=overrides, data_root=data_root)
    return composed


def compose_files(
    paths: Sequence[str | Path],
    *,
    local: Local = None,
    overrides: Sequence[str] = (),
    data_root: str | Path | None = None,
) -> list[Composed]:
    """The same for one file, or for the two of pipeline 02, where ``stage_2.`` in an override is the second file."""
    parsed = [parse_override(text) for text in overrides]
    for each in parsed:
        if len(paths) > 1 and each.stage is not None and each.stage >= len(paths):
            refuse_stage(each, len(paths))
    composed = []
    for number, path in enumerate(map(Path, paths)):
        own = parsed if len(paths) == 1 else [own for one in parsed if (own := one.for_file(number)) is not None]
        text, tree = read_old(path, "file")
        composed.append(_Layers(text, tree, path).compose(local, own, data_root))
    return composed


def compose_text(text: LegacyText, layer: Layer) -> Composed:
    """The same for a text that has been read: its bases and nothing else. The layer's name is the path of its file."""
    return _Layers(text, placed(text.root, layer), Path(layer.name)).compose(None, (), None)


class _Layers:
    def __init__(self, text: LegacyText, tree: Node, path: Path) -> None:
        self._text, self._tree, self._path = text, tree, path
        self._notes: list[str] = []

    def compose(self, local: Local, overrides: Sequence[Override], data_root: str | Path | None) -> Composed:
        tree, bases = over_bases(self._tree, self._path.parent, self._notes.append)
        found = self._local(local)
        if found is not None:
            self._notes.append(f"{found} is laid over {self._text.name}")
            tree = merge_old(tree, without_bases(read_old(found, "local")[1], self._notes.append))
        for override in overrides:
            tree = apply_override(tree, override, self._notes.append)
        if data_root is not None:
            tree = _rooted(tree, str(data_root))
        files = (self._path, *bases, *([] if found is None else [found]))
        return Composed(plain(tree), tree, self._text, tuple(self._notes), files)

    def _local(self, local: Local) -> Path | None:
        if local != "auto":
            if local is None and LOCAL.is_file():
                self._notes.append(f"{LOCAL} is not used, because nobody asked for it")
            return None if local is None else Path(local)
        if LOCAL.is_file():
            return LOCAL
        self._notes.append(f"there is no {LOCAL} to lay over {self._text.name}")
        return None


def _rooted(tree: Node, root: str) -> Node:
    """The tree with another data folder wherever one is written; in the common section where none is."""
    node = Node(root, Place(Layer("override", f"data folder {root}", str(Path.cwd()))))
    changed, found = _replaced(tree, node, "")
    if found or not isinstance(changed.value, dict):
        return changed
    data = changed.value.get("data", Node({}, node.place))
    section = merge_old(data, Node({"data_dir": node.under(node.place)}, node.place)).under(data.start)
    return replace(changed, value={**changed.value, "data": section})


def _replaced(node: Node, root: Node, key: str) -> tuple[Node, bool]:
    if isinstance(node.value, list):
        items = [_replaced(item, root, "") for item in node.value]
        return replace(node, value=[item for item, _ in items]), any(found for _, found in items)
    if not isinstance(node.value, dict):
        return node, False
    entries, any_found = {}, False
    for name, child in node.value.items():
        if (name == "data_dir" and key in {"data", "dataset", "args"}) or name == "data.data_dir":
            entries[name], found = root.under(root.place), True
        else:
            entries[name], found = _replaced(child, root, name)
        any_found = any_found or found
    return replace(node, value=entries), any_found
