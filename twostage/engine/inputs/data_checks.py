"""What must be true of a stage's recordings before anything trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twostage.data.recordings import PARTS, Notice, Recording
from twostage.data.splits.result import SplitResult
from twostage.data.survey import duplicates
from twostage.engine.inputs.stage_data import StageData
from twostage.errors import DataError, SplitError


def idle_test(split: SplitResult) -> tuple[Notice, ...]:
    """Pretraining has no test: what its split sets aside for one is used by nobody."""
    idle = {segment.recording for segment in split.parts["test"]}
    if not idle:
        return ()
    text = f"{len(idle)} recordings lie in the test part of stage 1, which nothing reads; a stage_1.split may use them"
    return (Notice("test-idle", text),)


def refuse_unlabelled(chosen: Sequence[Recording], *, stage: str = "stage_2") -> None:
    """Raise DataError when a recording has no label, though ``stage`` reads labels."""
    left = [recording.id for recording in chosen if recording.label is None]
    if left:
        raise DataError(
            f"{len(left)} of {len(chosen)} recordings have no label (missing or -1), such as Id {left[0]}; label them, "
            f"or write {stage}.unlabelled: exclude"
        )


def channels_of(chosen: Sequence[Recording], written: Sequence[int] | None) -> tuple[int, ...]:
    """The channels to read. Raises DataError when recordings differ and the document does not choose."""
    fewest = min(chosen, key=lambda recording: recording.channels)
    most = max(chosen, key=lambda recording: recording.channels)
    if written is not None:
        if min(written) < 0 or max(written) >= fewest.channels:
            raise DataError(
                f"data.channels is {list(written)}, but recording {fewest.id} of {fewest.name} has {fewest.channels} "
                "channel(s), counted from 0"
            )
        return tuple(written)
    if fewest.channels != most.channels:
        raise DataError(
            f"recording {fewest.id} of {fewest.name} has {fewest.channels} channel(s) and recording {most.id} of "
            f"{most.name} has {most.channels}; choose with data.channels, such as [0]"
        )
    return tuple(range(most.channels))


def places_of(data: StageData) -> dict[int, set[str]]:
    """The parts in which each recording lies."""
    found: dict[int, set[str]] = {}
    for part in PARTS:
        for segment in data.split.parts[part]:
            found.setdefault(segment.recording, set()).add(part)
    return found


def refuse_copies(places: Mapping[int, set[str]], digests: Mapping[int, str]) -> None:
    """Raise SplitError when recordings with the same samples lie in different parts."""
    for group in duplicates(digests):
        parts = sorted(set().union(*(places[recording] for recording in group)))
        if len(parts) > 1:
            raise SplitError(
                f"recordings {list(group)} hold the same samples bit for bit, but lie in {' and '.join(parts)}; "
                "take the copies out of the metadata table"
            )
