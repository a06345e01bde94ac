"""Which HDF5 file holds which recording, and how: headers only, every file opened once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from twostage.errors import DataError

SHARED_FILE = "cache.h5"
NAMED_AT_MOST = 8


@dataclass(frozen=True, slots=True)
class Stored:
    """A recording's array in an HDF5 file, ``length`` samples of ``channels`` values, row-major.

    ``offset`` is the byte where plain values of ``dtype`` begin; None where they must be decoded (chunks, filters,
    values beside the file).
    """

    path: Path
    key: str
    length: int
    channels: int
    dtype: str
    offset: int | None


def locate(root: Path, names: Mapping[int, str]) -> dict[int, Stored]:
    """Find the arrays of recordings (id -> Name) in ``{Name}.h5``, or else in ``cache.h5``. Raises DataError."""
    by_name: dict[str, list[int]] = {}
    for recording, name in names.items():
        by_name.setdefault(name, []).append(recording)
    found: dict[int, Stored] = {}
    for name, ids in by_name.items():
        found |= _headers(root / f"{name}.h5", ids)
    shared = root / SHARED_FILE
    found |= _headers(shared, [recording for recording in names if recording not in found])
    for name, ids in by_name.items():
        _require(ids, found, [root / f"{name}.h5", shared], name)
    return found


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """An HDF5 file for reading. Raises DataError where it is none, is cut short, or is being written."""
    try:
        file = h5py.File(path, "r", locking="best-effort")
    except OSError as error:
        raise DataError(
            f"{path} cannot be read as HDF5 (another format, cut short, or being written): {error}"
        ) from error
    with file:
        yield file


def _headers(path: Path, ids: list[int]) -> dict[int, Stored]:
    if not ids or not path.is_file():
        return {}
    with opened(path) as file:
        items = ((recording, file.get(str(recording))) for recording in ids)
        return {recording: _stored(path, recording, item) for recording, item in items if item is not None}


def _stored(path: Path, recording: int, item: object) -> Stored:
    if not isinstance(item, h5py.Dataset):
        raise DataError(f"{path}: key {recording} is not an array")
    if item.dtype.kind not in "iuf":
        raise DataError(
            f"{path}: recording {recording} holds {_kind(item.dtype)} instead of numbers; "
            "the raw file was probably read with a wrong separator, so write the array again"
        )
    shape = item.shape or ()
    if not shape or 0 in shape:
        raise DataError(f"{path}: recording {recording} has shape {shape}; (length, channels) with samples is needed")
    return Stored(path, str(recording), shape[0], math.prod(shape[1:]), item.dtype.str, _plain_offset(item))


def _kind(dtype: np.dtype[np.generic]) -> str:
    return "text or objects" if dtype.kind in "OSU" else f"values of type {dtype}"


def _plain_offset(item: h5py.Dataset) -> int | None:
    """Byte offset of a contiguous array whose elements numpy can read as they lie."""
    exact = item.id.get_type().equal(h5py.h5t.py_create(item.dtype))
    offset: int | None = item.id.get_offset() if exact and item.chunks is None else None
    return offset


def _require(ids: list[int], found: Mapping[int, Stored], files: list[Path], name: str) -> None:
    missing = [recording for recording in sorted(ids) if recording not in found]
    if not missing:
        return
    there = [str(file) for file in files if file.is_file()]
    if not there:
        raise DataError(
            f"the {len(missing)} recordings of {name} need {files[0]} or {files[1]}, and neither is there; "
            "put the file in place or choose other systems"
        )
    listed = ", ".join(map(str, missing[:NAMED_AT_MOST])) + (", ..." if len(missing) > NAMED_AT_MOST else "")
    raise DataError(f"{len(missing)} of {len(ids)} recordings of {name} are not in {' or '.join(there)}: Id {listed}")
