"""What the old entry points share: their files become one checked document, and a run ends as that of ``twostage``."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from twostage.config.carrier import Pipeline
from twostage.config.load import LoadedDocument, load_document, load_tree
from twostage.config.old_documents import looks_old
from twostage.config.reading.tree import plain
from twostage.errors import TwoStageError
from twostage.legacy.compose.places import new_tree
from twostage.legacy.compose.reading import read_old
from twostage.legacy.compose.whole import Composed, compose_files
from twostage.legacy.convert import Conversion, ConversionError, to_new
from twostage.legacy.present import ordered

EXPLAIN = "twostage convert --explain"


def options(parser: ArgumentParser, *, local: bool = True, runs: bool = True) -> ArgumentParser:
    """The options that no old entry point had, and ``--local_config``, which most of them had."""
    if local:
        parser.add_argument(
            "--local_config", metavar="FILE", help="laid over the document; auto takes configs/local/local.yaml"
        )
    parser.add_argument("--data-root", metavar="DIR", help="data folder instead of the one that the document names")
    parser.add_argument(
        "-o", "--option", action="append", default=[], metavar="KEY=VALUE", help="set a key of the converted document"
    )
    parser.add_argument(
        "--export-environment", action="store_true", help="export the keys of environment that are in capitals"
    )
    if runs:
        parser.add_argument("--dry-run", action="store_true", help="check and show the stages; train and write nothing")
    return parser


def guarded(main: Callable[[], object]) -> None:
    """Run an entry point with the exit codes of ``twostage``: 1 for a user's mistake, told without a traceback."""
    from twostage.cli.app import guarded as ending  # noqa: PLC0415 - the command line is slow to import

    ending(main)


def read_shell(
    files: Sequence[str], given: Namespace, *, pipeline: Pipeline | None = None, overrides: Sequence[str] = ()
) -> LoadedDocument:
    """The document of an entry point's files, with what its options ask for. Raises TwoStageError.

    ``overrides`` are over the old document, ``given.option`` over the new one.
    """
    local = getattr(given, "local_config", None)
    composed = compose_files(files, local=local, overrides=overrides, data_root=given.data_root)
    notes = [note for each in composed for note in each.notes]
    notes += [note for each in composed for note in _environment(each, export=given.export_environment)]
    return load_old(composed, pipeline=pipeline, overrides=given.option, notes=notes)


def read_any(file: str, given: Namespace) -> LoadedDocument:
    """The same for a file that may be a new document; its local file is then a new one too."""
    if looks_old(plain(read_old(Path(file), "file")[1])):
        return read_shell([file], given)
    if given.local_config == "auto":
        raise TwoStageError("--local_config auto takes a file of the old layout, and this document is new; name a file")
    root = [] if given.data_root is None else [f"data.source.root={json.dumps(str(Path(given.data_root).absolute()))}"]
    return load_document(file, overrides=[*root, *given.option], local=given.local_config)


def load_old(
    composed: Sequence[Composed],
    *,
    pipeline: Pipeline | None = None,
    overrides: Sequence[str] = (),
    notes: Sequence[str] = (),
) -> LoadedDocument:
    """Convert and check. Raises ConversionError for what is no document of a run, DocumentError for a bad one."""
    shadowed = [each.text.shadowed for each in composed]
    conversion = to_new([each.file for each in composed], pipeline=pipeline, shadowed=shadowed)
    name = composed[0].text.name
    if conversion.detection.shape == "fragment":
        raise ConversionError(f"{name} holds {conversion.detection.detail} alone, which is no document to run")
    tree = new_tree(ordered(conversion.document), conversion.uses, composed)
    files = [file for each in composed for file in each.files]
    notes = [*notes, *_remarks(name, conversion), *_left_out(conversion, composed)]
    return load_tree(tree, overrides=overrides, files=files, notes=notes)


def _remarks(name: str, conversion: Conversion) -> list[str]:
    """What the conversion has to tell, in short."""
    found = conversion.detection
    notes = [f"{name} is an old document of shape {found.shape}; it runs as twostage convert would write it"]
    counts = Counter(remark.code for remark in conversion.remarks)
    if counts:
        told = ", ".join(f"{count} {code}" for code, count in sorted(counts.items()))
        notes.append(f"{name}: {sum(counts.values())} remarks on what will be different ({told}); {EXPLAIN} tells all")
    return notes


def _left_out(conversion: Conversion, composed: Sequence[Composed]) -> Iterator[str]:
    """What a run is refused for, where the old file has it."""
    for key, why in conversion.refused.items():
        path = conversion.cause(key)
        place = composed[0].text.name if path is None else composed[int(path[0])].place(path[1:])
        yield f"{place}: {key} is left out, and a run is refused until that is decided: {why}"


def _environment(composed: Composed, *, export: bool) -> list[str]:
    """Export what the old pipelines exported, where the user asks; otherwise say that it is not."""
    found = composed.environment
    if export:
        os.environ.update(found)
        return [f"exported {key}={value}" for key, value in found.items()]
    if not found:
        return []
    return [f"{composed.text.name}: not exported: {', '.join(found)}; --export-environment exports them"]
