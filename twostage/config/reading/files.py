"""Reading a document's text from disk, with a sentence for everything that can be wrong with a file."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NoReturn

from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.tree import Layer, LayerKind, Place, problem_at

MAX_BYTES = 1_048_576  # a document is written by people; the pure Python parser needs seconds for each megabyte
BOM = b"\xef\xbb\xbf"


def read_text(path: Path, asked_at: Place | None = None) -> str:
    """The text of a file as UTF-8. ``asked_at`` is where a document names the file, for the error."""
    data = _read_bytes(path, asked_at)
    if len(data) > MAX_BYTES:
        _refuse(path, asked_at, f"the file has more than {MAX_BYTES} bytes, too large for a document", "too_large")
    refuse_wide(data, str(path), asked_at)
    data = data.removeprefix(BOM)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        message = f"the byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise DocumentError([Problem(str(path), line, column, "", message, code="encoding")]) from error


def refuse_wide(data: bytes, name: str, asked_at: Place | None = None) -> None:
    """Raise DocumentError for text of two or four bytes per letter, which other programs save under plain names."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or data[:4].count(0) > 1:
        _refuse(Path(name), asked_at, "the file is UTF-16 or UTF-32; save it as UTF-8", "encoding")


def file_layer(path: Path, text: str, kind: LayerKind, asked_at: Place | None = None) -> Layer:
    """The layer of a file that has been read."""
    return text_layer(str(path), text, kind, str(path.absolute().parent), asked_at)


def text_layer(name: str, text: str, kind: LayerKind, folder: str, asked_at: Place | None = None) -> Layer:
    """The layer of a text. Only line feeds end a line here, as in the parser's marks."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return Layer(kind, name, folder, tuple(lines), asked_at)


def _read_bytes(path: Path, asked_at: Place | None) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + len(BOM) + 1)
    except FileNotFoundError:
        _refuse(path, asked_at, "there is no such file", "no_file")
    except IsADirectoryError:
        _refuse(path, asked_at, "this is a folder; expected a file", "folder")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        _refuse(path, asked_at, f"the file cannot be read: {reason}", "unreadable")


def _refuse(path: Path, asked_at: Place | None, message: str, code: str) -> NoReturn:
    if asked_at is None:
        raise DocumentError([Problem(str(path), None, None, "", message, code=code)])
    raise DocumentError([problem_at(asked_at, "bases", f"{path}: {message}", code=code)])
