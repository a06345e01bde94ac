"""One pass over the signals before they are used: every sample is a number, and no content comes twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from twostage.data.recordings import Recording
from twostage.data.signals import SignalBank
from twostage.errors import DataError

PIECE = 1 << 20


def survey(bank: SignalBank, recordings: Sequence[Recording]) -> dict[int, str]:
    """Digest of each recording's samples by id. Raises DataError at the first sample that is not finite.

    Reads in pieces, so that memory does not grow with the recordings.
    """
    return {recording.id: _digest(bank, row, recording) for row, recording in enumerate(recordings)}


def _digest(bank: SignalBank, row: int, recording: Recording) -> str:
    digest = hashlib.sha256()
    for start in range(0, recording.length, PIECE):
        piece = bank.read(row, start, min(start + PIECE, recording.length))
        finite = np.isfinite(piece)
        if not finite.all():
            sample, channel = (int(i) for i in np.argwhere(~finite)[0])
            raise DataError(
                f"recording {recording.id} of {recording.name} holds {piece[sample, channel]} at sample "
                f"{start + sample}, channel {channel}; repair it or take the recording out of the metadata table"
            )
        digest.update(np.ascontiguousarray(piece).data)
    return digest.hexdigest()


def data_digest(recordings: Sequence[Recording], digests: Mapping[int, str]) -> str:
    """One digest of all recordings, samples and what the table says of them, independent of their order."""
    ordered = sorted(recordings, key=lambda recording: recording.id)
    lines = "\n".join(f"{recording}:{digests[recording.id]}" for recording in ordered)
    return hashlib.sha256(lines.encode()).hexdigest()


def duplicates(digests: Mapping[int, str]) -> list[tuple[int, ...]]:
    """Groups of recordings whose samples are equal bit for bit."""
    groups: dict[str, list[int]] = {}
    for key, digest in sorted(digests.items()):
        groups.setdefault(digest, []).append(key)
    return [tuple(group) for group in groups.values() if len(group) > 1]
