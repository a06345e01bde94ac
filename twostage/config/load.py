"""From files, mappings and overrides to one checked config.

Later layers win: bases, the document, the local file, overrides. What no layer says takes its default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twostage.config.checking.validation import validate
from twostage.config.document import TwoStageConfig
from twostage.config.problems import DocumentError
from twostage.config.reading.bases import Reading, over_bases, read_file
from twostage.config.reading.files import text_layer
from twostage.config.reading.mapping import mapping_tree
from twostage.config.reading.merge import merge
from twostage.config.reading.overrides import apply_overrides
from twostage.config.reading.paths import resolve_paths
from twostage.config.reading.provenance import Origin, origins
from twostage.config.reading.tree import KeyPath, Layer, Node
from twostage.config.reading.yaml_tree import parse_yaml
from twostage.config.remarks import remarks
from twostage.config.variants import variant_notes

Document = str | Path | Mapping[str, Any] | TwoStageConfig


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    """A config and how it came about: the origin of each value, the files read, and remarks for the user."""

    config: TwoStageConfig
    origins: Mapping[KeyPath, Origin]
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def load_config(source: Document, *, overrides: Sequence[str] = (), local: str | Path | None = None) -> TwoStageConfig:
    """The config of a file, a mapping or another config; DocumentError with every problem found."""
    if isinstance(source, TwoStageConfig) and not overrides and local is None:
        return source
    return load_document(source, overrides=overrides, local=local).config


def load_document(
    source: Document, *, overrides: Sequence[str] = (), local: str | Path | None = None
) -> LoadedDocument:
    """The same, with the origin of every value."""
    return _load(lambda reading: _read(source, reading), overrides, local)


def load_tree(
    root: Node, *, overrides: Sequence[str] = (), files: Sequence[Path] = (), notes: Sequence[str] = ()
) -> LoadedDocument:
    """The same for a tree that was read from ``files``; ``notes`` are remarks about that."""

    def read(reading: Reading) -> Node:
        reading.files += files
        reading.notes += notes
        return root

    return _load(read, overrides, None)


def load_text(
    text: str, name: str, *, overrides: Sequence[str] = (), local: str | Path | None = None
) -> LoadedDocument:
    """The same for a text that is no file, such as a preset; its relative paths start at the working folder."""
    return _load(lambda reading: _read_text(text, name, reading), overrides, local)


def _load(read: Callable[[Reading], Node | None], overrides: Sequence[str], local: str | Path | None) -> LoadedDocument:
    reading = Reading()
    root = read(reading)
    if local is not None:
        over = read_file(Path(local), "local", reading)
        root = merge(root, over, reading.notes.append) if root and over else root
    if root is None:
        raise DocumentError(reading.problems)
    root, problems = apply_overrides(root, overrides, reading.notes.append)
    reading.fail(problems)
    root = resolve_paths(root)
    config = validate(root, reading.problems)
    reading.notes += [*remarks(config), *variant_notes(config)]
    found = origins(root, config.model_dump(mode="json"))
    return LoadedDocument(config, found, tuple(reading.files), tuple(reading.notes))


def _read(source: Document, reading: Reading) -> Node | None:
    if isinstance(source, str | Path):
        return read_file(Path(source), "file", reading)
    if isinstance(source, TwoStageConfig):
        return mapping_tree(source.model_dump(mode="json"), Layer("mapping", "<config>", str(Path.cwd())))
    return over_bases(mapping_tree(source, Layer("mapping", "<mapping>", str(Path.cwd()))), reading)


def _read_text(text: str, name: str, reading: Reading) -> Node | None:
    try:
        node, problems = parse_yaml(text, text_layer(name, text, "preset", str(Path.cwd())))
    except DocumentError as error:
        reading.fail(error.problems)
        return None
    reading.fail(problems)
    return over_bases(node, reading)
