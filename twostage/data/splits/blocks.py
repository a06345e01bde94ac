"""Blocks of time inside each recording, with a gap between them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from twostage.data.recordings import PARTS, Part, Recording, Segment
from twostage.data.splits.groups import Shares
from twostage.data.splits.result import Draft, listed
from twostage.errors import SplitError

ROUNDING = 1e-6  # a border such as 10 * (0.7 + 0.1) belongs at 8, not at 7


def cut_blocks(recordings: Sequence[Recording], shares: Shares, window_length: int, gap: int | None) -> Draft:
    """Train, validation and test, one behind the other in each recording.

    ``gap`` in samples, None for one window. Raises SplitError for a gap or a block that is shorter than a window.
    """
    gap = window_length if gap is None else gap
    if gap < window_length:
        raise SplitError(
            f"a gap of {gap} samples between blocks of time is less than a window of {window_length}; "
            "leave it out or make it longer"
        )
    draft = Draft()
    short: list[Recording] = []
    for recording in recordings:
        blocks = _blocks(recording, shares, gap)
        if any(block.stop - block.start < window_length for block in blocks.values()):
            short.append(recording)
        for part, block in blocks.items():
            draft.parts[part].append(block)
    if short:
        shortest = min(r.length for r in short)
        raise SplitError(
            f"{len(short)} recordings are too short for {len(shares)} blocks of time with gaps of {gap} samples, each "
            f"block at least a window of {window_length} (Id {listed([r.id for r in short])}; the shortest has "
            f"{shortest} samples); use shorter windows or another unit"
        )
    return draft


def _blocks(recording: Recording, shares: Shares, gap: int) -> dict[Part, Segment]:
    blocks: dict[Part, Segment] = {}
    used = [part for part in PARTS if part in shares]
    total, border = 0.0, 0
    for part in used:
        start = border + (gap if blocks else 0)
        total += shares[part]
        border = recording.length if part == used[-1] else math.floor(recording.length * total + ROUNDING)
        blocks[part] = Segment(recording.id, start, border)
    return blocks
