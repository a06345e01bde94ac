"""Chunked or compressed arrays as flat float32 files in the user's cache folder, converted once.

Layout: ``hdf5/{origin's path}/{origin's content}/{ids}.f32`` with an index ``{ids}.json`` that is written last, so that
a part exists whole or not at all. When the origin changes, its content folder changes and the old one is removed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from twostage.data.cache import cache_root, write_aside
from twostage.data.signals import FlatFile
from twostage.data.sources.phm_vibench.storage import Stored, opened
from twostage.errors import DataError

PIECE = 1 << 20
EDGE = 64 * 1024
DTYPE = "<f4"


@dataclass(frozen=True, slots=True)
class Flat:
    """A flat file and the element at which a recording begins."""

    file: FlatFile
    first: int


def converted(stored: Sequence[Stored]) -> dict[tuple[Path, str], Flat]:
    """Where each of these arrays lies in the cache, by (HDF5 file, key). Raises DataError."""
    origins: dict[Path, dict[str, Stored]] = {}
    for one in stored:
        origins.setdefault(one.path, {})[one.key] = one
    return {(path, key): flat for path, wanted in origins.items() for key, flat in _from_origin(path, wanted).items()}


def _from_origin(path: Path, wanted: Mapping[str, Stored]) -> dict[str, Flat]:
    folder = _folder(path)
    there = _parts(folder)
    missing = {key: wanted[key] for key in sorted(wanted) if key not in there}
    if missing:
        try:
            _convert(path, missing, folder)
        except OSError as error:
            raise DataError(f"cannot convert {path} into the cache folder {folder}: {error}") from error
        there = _parts(folder)
    return {key: there[key] for key in wanted}


def _folder(path: Path) -> Path:
    """The cache folder of the origin as it is now; folders of what it was before are removed."""
    home = cache_root() / "hdf5" / f"{path.stem}-{_short(str(path.resolve()).encode())}"
    now = home / _fingerprint(path)
    for old in home.iterdir() if home.is_dir() else ():
        if old != now:
            shutil.rmtree(old, ignore_errors=True)
    return now


def _fingerprint(path: Path) -> str:
    """Digest of size, time of change, and the first and last 64 KiB."""
    status = path.stat()
    with path.open("rb") as file:
        head = file.read(EDGE)
        file.seek(max(0, status.st_size - EDGE))
        tail = file.read(EDGE)
    return _short(f"{status.st_size} {status.st_mtime_ns} ".encode() + head + tail)


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _parts(folder: Path) -> dict[str, Flat]:
    """Every recording that is whole in the cache."""
    there: dict[str, Flat] = {}
    for index in sorted(folder.glob("*.json")):
        content = json.loads(index.read_text(encoding="utf-8"))
        data = index.with_suffix(".f32")
        if data.is_file() and data.stat().st_size == content["bytes"]:
            file = FlatFile(data, DTYPE)
            there |= {key: Flat(file, first) for key, first in content["first"].items()}
    return there


def _convert(path: Path, wanted: Mapping[str, Stored], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"{_short(' '.join(wanted).encode())}.f32"
    first: dict[str, int] = {}
    with opened(path) as origin, write_aside(data) as aside, aside.open("wb") as out:
        for key in wanted:
            first[key] = out.tell() // np.dtype(DTYPE).itemsize
            for piece in _pieces(path, origin[key]):
                piece.tofile(out)
        size = out.tell()
    with write_aside(data.with_suffix(".json")) as aside:
        aside.write_text(json.dumps({"origin": str(path), "bytes": size, "first": first}), encoding="utf-8")


def _pieces(path: Path, item: h5py.Dataset) -> Iterator[NDArray[np.float32]]:
    """The array as float32 in pieces of about PIECE values, never less than a chunk."""
    width = max(1, item.size // item.shape[0])
    chunk = item.chunks[0] if item.chunks else 1
    step = max(1, PIECE // width // chunk) * chunk
    for start in range(0, item.shape[0], step):
        try:
            piece = item[start : start + step]
        except OSError as error:
            raise DataError(f"{path}: recording {item.name.lstrip('/')} cannot be decoded: {error}") from error
        yield np.ascontiguousarray(piece, dtype=DTYPE).reshape(-1)
