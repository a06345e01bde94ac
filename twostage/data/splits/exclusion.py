"""Samples that no part may use, because another stage is tested on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twostage.data.recordings import PARTS, Part, Segment
from twostage.data.splits.result import Draft
from twostage.errors import SplitError


def exclude_segments(draft: Draft, excluded: Sequence[Segment], window_length: int) -> None:
    """Take these samples, with a margin of one window, out of every part of the draft.

    Pieces shorter than a window are dropped. Raises SplitError if training or validation becomes empty; a test that
    becomes empty is told, because then another stage tests on the same samples.
    """
    forbidden: dict[int, list[Segment]] = {}
    for segment in sorted(excluded):
        forbidden.setdefault(segment.recording, []).append(segment)
    dropped = cut = 0
    for part in PARTS:
        before = draft.parts[part]
        after = [_remaining(segment, forbidden.get(segment.recording, ()), window_length) for segment in before]
        dropped += sum(not pieces for pieces in after)
        cut += sum(bool(pieces) and pieces != [segment] for segment, pieces in zip(before, after, strict=True))
        draft.parts[part] = [piece for pieces in after for piece in pieces]
        if before and not draft.parts[part]:
            _emptied(draft, part)
    if dropped or cut:
        draft.tell("excluded-for-test", f"{dropped} stretches left out and {cut} cut, because they are tested on later")


def _emptied(draft: Draft, part: Part) -> None:
    if part != "test":
        raise SplitError(f"the {part} part is empty once the samples that are tested on later are taken out of it")
    draft.tell("test-excluded", "nothing is left of the test part once the samples that are tested on later are out")


def _remaining(segment: Segment, forbidden: Sequence[Segment], window_length: int) -> list[Segment]:
    return [piece for piece in _gaps(segment, forbidden, window_length) if piece.stop - piece.start >= window_length]


def _gaps(segment: Segment, forbidden: Sequence[Segment], margin: int) -> Iterator[Segment]:
    """What lies between the forbidden stretches, which are sorted by start."""
    start = segment.start
    for other in forbidden:
        if other.stop <= segment.start - margin or other.start >= segment.stop + margin or other.start == other.stop:
            continue
        yield Segment(segment.recording, start, max(start, other.start - margin))
        start = max(start, other.stop + margin)
    yield Segment(segment.recording, start, max(start, segment.stop))
