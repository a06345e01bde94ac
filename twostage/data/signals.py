"""Signals as memory maps: a window is gathered when it is needed, and nothing ever holds all windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FlatFile:
    """A file that holds samples as one flat array from byte ``offset`` on; opened on first use in each process."""

    path: Path
    dtype: str
    offset: int = 0

    @cached_property
    def map(self) -> NDArray[np.generic]:
        """The samples as a read-only memory map; whole elements only."""
        dtype = np.dtype(self.dtype)
        count = (self.path.stat().st_size - self.offset) // dtype.itemsize
        mapped = np.memmap(self.path, dtype=dtype, mode="r", offset=self.offset, shape=(count,))
        return mapped.view(np.ndarray)

    def __getstate__(self) -> dict[str, object]:
        """Travel to a loader process as a path, never as the samples."""
        return {"path": self.path, "dtype": self.dtype, "offset": self.offset}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)


@dataclass(frozen=True, slots=True)
class Extent:
    """Where one recording lies: element ``first`` of flat file ``file``, then length x channels elements, row-major."""

    file: int
    first: int
    length: int
    channels: int


@dataclass(frozen=True)
class SignalBank:
    """The signals of several recordings; row i is the i-th recording that the source was asked for."""

    files: tuple[FlatFile, ...]
    extents: tuple[Extent, ...]
    channels: int = field(init=False)

    def __post_init__(self) -> None:
        widths = {extent.channels for extent in self.extents}
        object.__setattr__(self, "channels", max(widths, default=0))

    @cached_property
    def _where(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        table = np.array([(e.file, e.first, e.channels) for e in self.extents], dtype=np.int64).reshape(-1, 3)
        return table[:, 0], table[:, 1], table[:, 2]

    def read(self, row: int, start: int, stop: int) -> NDArray[np.float32]:
        """Samples ``start <= i < stop`` of one recording as float32 of shape (stop - start, channels)."""
        extent = self.extents[row]
        flat = self.files[extent.file].map
        first = extent.first + start * extent.channels
        piece = flat[first : first + (stop - start) * extent.channels]
        return piece.reshape(-1, extent.channels).astype(np.float32)

    def gather(
        self, rows: NDArray[np.int64], starts: NDArray[np.int64], length: int, channels: Sequence[int]
    ) -> NDArray[np.float32]:
        """Windows of ``length`` samples from each (row, start), as float32 of shape (n, length, len(channels)).

        One vectorised copy per file and channel count, whatever the number of windows.
        """
        file, first, width = (column[rows] for column in self._where)
        kinds = set(zip(file.tolist(), width.tolist(), strict=True))
        if len(kinds) == 1:
            (kind,) = kinds
            return self._copies(*kind, first + starts * width, length, channels)
        out = np.empty((len(rows), length, len(channels)), dtype=np.float32)
        for kind in kinds:
            here = np.flatnonzero((file == kind[0]) & (width == kind[1]))
            out[here] = self._copies(*kind, first[here] + starts[here] * kind[1], length, channels)
        return out

    def _copies(
        self, file: int, width: int, firsts: NDArray[np.int64], length: int, channels: Sequence[int]
    ) -> NDArray[np.float32]:
        """Windows of one file that begin at the elements ``firsts``."""
        flat = self.files[file].map
        size = length * width
        # Every window as one opaque item: numpy then copies it as a block instead of element by element.
        items = np.ndarray(
            (len(flat) - size + 1,), np.dtype((np.void, size * flat.itemsize)), flat.data, 0, (flat.itemsize,)
        )
        windows = items[firsts].view(flat.dtype).reshape(len(firsts), length, width)
        chosen = windows if list(channels) == list(range(width)) else windows[:, :, list(channels)]
        return chosen.astype(np.float32, copy=False)
