"""A source whose recordings are brought to one rate and band; made once per system, and kept in the user's cache."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from twostage.config.band import LAST_END, CommonBand
from twostage.data.band.filters import Resampling
from twostage.data.cache import cache_root, write_aside
from twostage.data.recordings import Recording, Segment
from twostage.data.signals import Extent, FlatFile, SignalBank
from twostage.data.sources.base import Source
from twostage.data.survey import survey
from twostage.errors import DataError

VERSION = 1
"""Raise it with every change of the filters that changes a sample."""
DTYPE = "<f4"


class BandedSource:
    """The recordings of ``original`` at one rate and in one band; shorter by what the filters need at both ends.

    ``digests`` are those of original recordings that were read before, by id; those that are read here are added.
    """

    def __init__(self, original: Source, band: CommonBand, digests: dict[int, str]) -> None:
        self._source, self._band, self._digests = original, band, digests
        self._originals: dict[int, Recording] = {}
        self._resampling = lru_cache(maxsize=None)(Resampling.of)

    @property
    def name(self) -> str:
        """The name of the original source."""
        return self._source.name

    def catalogue(self, systems: Sequence[int] | None) -> tuple[Recording, ...]:
        """As the original source, with rate and length as they will be. Raises DataError where one lacks the band."""
        found = self._source.catalogue(systems)
        self._originals |= {recording.id: recording for recording in found}
        return tuple(self._as_banded(recording) for recording in found)

    def open(self, recordings: Sequence[Recording]) -> SignalBank:
        """Map the resampled signals of these recordings; row i is ``recordings[i]``. Raises DataError."""
        self.survey(recordings)
        groups: dict[int, list[Recording]] = {}
        for recording in recordings:
            groups.setdefault(recording.system, []).append(recording)
        files, extents = [], {}
        for number, mine in enumerate(groups.values()):
            files.append(self._stored(mine))
            first = 0
            for recording in mine:
                extents[recording.id] = Extent(number, first, recording.length, recording.channels)
                first += recording.length * recording.channels
        return SignalBank(tuple(files), tuple(extents[recording.id] for recording in recordings))

    def survey(self, recordings: Sequence[Recording]) -> dict[int, str]:
        """Read every original sample of these recordings, once; digests by id. Raises DataError."""
        fresh = [self._originals[each.id] for each in recordings if each.id not in self._digests]
        if fresh:
            self._digests |= survey(self._source.open(fresh), fresh)
        return {recording.id: self._digests[recording.id] for recording in recordings}

    def original(self, segment: Segment) -> Segment:
        """The samples of the original recording that a segment is made of."""
        if segment.start >= segment.stop:
            return segment
        bounds = np.array([segment.start]), np.array([segment.stop])
        start, stop = (int(end[0]) for end in self.resampling(segment.recording).origin(*bounds))
        return Segment(segment.recording, start, stop)

    @property
    def reach(self) -> int:
        """How far results must lie apart, at most, to be made of no common sample."""
        return max(2 * self.resampling(recording).first + 1 for recording in self._originals)

    def resampling(self, recording: int) -> Resampling:
        """How the recording of this id is resampled."""
        return self._resampling(self._originals[recording].sample_rate, self._band)

    def _as_banded(self, recording: Recording) -> Recording:
        _refuse_narrow(recording, self._band)
        resampling = self._resampling(recording.sample_rate, self._band)
        length = resampling.length(recording.length)
        if not length:
            raise DataError(
                f"recording {recording.id} of {recording.name} has {recording.length} samples, but the filters of "
                f"data.band need {resampling.shortest}; leave out data.band.low, or make the band fall off less steeply"
            )
        return replace(recording, sample_rate=self._band.rate, length=length)

    def _stored(self, recordings: Sequence[Recording]) -> FlatFile:
        """The resampled signals one behind the other; the file is named by all that its content depends on."""
        contents = [f"{self._digests[r.id]} {self._originals[r.id].sample_rate!r} {r.channels}" for r in recordings]
        said = "\n".join([str(VERSION), self._band.model_dump_json(), *contents])
        path = cache_root() / "band" / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.f32"
        size = sum(r.length * r.channels for r in recordings) * np.dtype(DTYPE).itemsize
        if not path.is_file() or path.stat().st_size != size:
            bank = self._source.open([self._originals[r.id] for r in recordings])
            try:
                with write_aside(path) as aside, aside.open("wb") as out:
                    for row, recording in enumerate(recordings):
                        self._resampled(bank, row, recording).astype(DTYPE, copy=False).tofile(out)
            except OSError as error:
                raise DataError(f"cannot write resampled recordings into the cache at {path}: {error}") from error
        return FlatFile(path, DTYPE)

    def _resampled(self, bank: SignalBank, row: int, recording: Recording) -> NDArray[np.float32]:
        resampling = self.resampling(recording.id)
        length = self._originals[recording.id].length
        return resampling.apply(lambda start, stop: bank.read(row, start, stop), length)


def _refuse_narrow(recording: Recording, band: CommonBand) -> None:
    if band.top > LAST_END * recording.sample_rate:
        raise DataError(
            f"recording {recording.id} of {recording.name} (system {recording.system}) was sampled at "
            f"{recording.sample_rate:g} Hz, but data.band reaches to {band.top:g} Hz, more than {LAST_END:g} of that; "
            "lower data.band.rate or data.band.high"
        )
