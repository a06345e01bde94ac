"""Reading a legacy file exactly as its own loader (PyYAML 6, ``yaml.safe_load``) saw it, with places and comments."""

from __future__ import annotations

import codecs

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.reader import ReaderError

from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.files import MAX_BYTES, refuse_wide, text_layer
from twostage.config.reading.tree import Layer
from twostage.config.reading.yaml_syntax import never_closed, plain_words
from twostage.legacy.text.build import Builder
from twostage.legacy.text.comments import seat_comments
from twostage.legacy.text.nodes import LegacyText, OldNode
from twostage.legacy.text.scanner import scan

BOM = "\ufeff"
_CONTROL = "a control character is not allowed in YAML; write it as an escape in quotes"
_TAB = "a tab stands between the values; use spaces"


def read_legacy(text: str, name: str) -> LegacyText:
    """The tree, the comments and the oddities of a legacy file; ``name`` is what its problems call it.

    Raises DocumentError for a file that the old loader refused or read as anything but a mapping with text as keys.
    """
    text = text.removeprefix(BOM).replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > MAX_BYTES or len(text.encode(errors="surrogatepass")) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES} bytes, too large for a document"
        raise DocumentError([Problem(name, None, None, "", message, code="too_large")])
    layer = text_layer(name, text, "file", "")
    events, heard = scan(text)
    builder = Builder(text, layer, heard)
    try:
        for event in events:
            builder.take(event)
    except MarkedYAMLError as error:
        _refuse_syntax(builder, layer, error)
    except ReaderError as error:
        builder.stop(error.position, _CONTROL, "character")
    except (YAMLError, ValueError, OverflowError) as error:
        builder.stop(None, f"this is not YAML: {error}".splitlines()[0], "yaml_syntax")
    root = _mapping(builder)
    if builder.problems:
        raise DocumentError(builder.problems)
    comments = seat_comments(heard.comments, builder.entries, builder.lines, text)
    shadowed = tuple(sorted(builder.shadowed, key=lambda each: each.node.start))
    return LegacyText(name, text, root, shadowed, comments, tuple(builder.notices))


def decode_legacy(data: bytes, name: str = "") -> tuple[str, Problem | None]:
    """The text of a file's bytes, and a notice where it is not UTF-8.

    The old loader then read GB18030 and dropped what does not fit it; so does this. Of UTF-16 that left nothing that
    makes sense, so it raises DocumentError.
    """
    refuse_wide(data, name)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8; the file is read as GB18030, as the old loader did"
        return data.decode("gb18030", errors="ignore"), Problem(name, line, None, "", message, code="encoding")


def _refuse_syntax(builder: Builder, layer: Layer, error: MarkedYAMLError) -> None:
    mark = error.context_mark if never_closed(error) else error.problem_mark or error.context_mark
    if mark is None:
        builder.stop(None, plain_words(error, ""), "yaml_syntax")
    line, column = builder.lines.at(mark.index)
    source_line = layer.lines[line - 1]
    in_text = "found character '\\t'" in str(error.problem) and source_line[: column - 1].strip()
    builder.stop(mark.index, _TAB if in_text else plain_words(error, source_line), "yaml_syntax")


def _mapping(builder: Builder) -> OldNode:
    root = builder.root
    if root is None or root.value is None:
        builder.stop(0, "the document is empty; expected a mapping of keys to values", "empty")
    if not isinstance(root.value, dict):
        kind = "a list" if isinstance(root.value, list) else "a single value"
        builder.stop(
            builder.lines.start_of(root.line) + root.column - 1,
            f"the document is {kind}; expected a mapping of keys to values",
            "not_a_mapping",
        )
    return root
