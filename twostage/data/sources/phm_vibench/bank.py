"""From stored arrays to a bank of memory maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from twostage.data.signals import Extent, FlatFile, SignalBank
from twostage.data.sources.phm_vibench.converted import Flat, converted
from twostage.data.sources.phm_vibench.storage import Stored


def build_bank(stored: Sequence[Stored]) -> SignalBank:
    """A bank whose row i is ``stored[i]``. Raises DataError where an array cannot be decoded."""
    decoded = converted([one for one in stored if one.offset is None])
    flats = [decoded[one.path, one.key] if one.offset is None else plain(one, one.offset) for one in stored]
    files = {flat.file: None for flat in flats}
    position = {file: i for i, file in enumerate(files)}
    extents = [
        Extent(position[flat.file], flat.first, one.length, one.channels)
        for flat, one in zip(flats, stored, strict=True)
    ]
    return SignalBank(tuple(files), tuple(extents))


def plain(stored: Stored, offset: int) -> Flat:
    """Where a plain array lies in its own HDF5 file.

    Arrays of one alignment share one map: it begins at the first byte from which their elements can be counted.
    """
    first, begin = divmod(offset, np.dtype(stored.dtype).itemsize)
    return Flat(FlatFile(stored.path, stored.dtype, begin), first)
