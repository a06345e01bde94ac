"""Which samples a training has seen, by content.

A test on any of them is refused, wherever the weights come from and whatever the table calls the recordings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from twostage.data.band.origin import original_segments
from twostage.data.recordings import Notice, Part
from twostage.engine.inputs.stage_data import StageData
from twostage.errors import TransferError


class Stretch(NamedTuple):
    """Samples ``start <= i < stop`` of the recording whose content has this digest."""

    digest: str
    start: int
    stop: int


def stretches(data: StageData, digests: Mapping[int, str], parts: Iterable[Part]) -> list[Stretch]:
    """The samples of these parts of a split, as they were taken."""
    chosen = {part: data.split.parts[part] for part in parts}
    return sorted(
        Stretch(digests[segment.recording], segment.start, segment.stop)
        for segments in original_segments(data.source, chosen).values()
        for segment in segments
    )


UNKNOWN = Notice(
    "unknown-origin",
    "stage 2 starts from imported weights, and nobody has written down what they were trained on: a test on samples "
    "that they have seen cannot be refused, and its numbers are as good as what you know of that",
)


def refuse_seen(origin: str, seen: Iterable[Stretch], tested: Iterable[Stretch]) -> None:
    """Raise TransferError when a tested stretch shares a sample with a seen one."""
    by_digest: dict[str, list[Stretch]] = {}
    for stretch in seen:
        by_digest.setdefault(stretch.digest, []).append(stretch)
    shared = [
        stretch
        for stretch in tested
        if any(other.start < stretch.stop and stretch.start < other.stop for other in by_digest.get(stretch.digest, ()))
    ]
    if shared:
        raise TransferError(
            f"{origin} was pretrained on samples of {len(shared)} stretch(es) that this run tests on; pretrain without "
            "them, or test on other recordings"
        )
