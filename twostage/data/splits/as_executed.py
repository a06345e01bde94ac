"""The split of the old project's last version, kept to repeat its numbers: parts share samples.

The old code cut the first windows of a recording out for training. It meant the others for validation, but compared a
wrong name, so that validation took them all; the test took all windows of its recordings, which for most tasks were
the training recordings. A data split of this kind exists nowhere else here, and every result says that it leaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from twostage.config.splits import AsExecutedSplit
from twostage.data.recordings import PARTS, Notice, Part, Recording, Segment
from twostage.data.splits.result import Draft, SplitResult, by_system, listed
from twostage.data.windows import WindowIndex
from twostage.errors import SplitError

LEAK = "leaky-split"


def select_as_executed(recordings: Sequence[Recording], config: AsExecutedSplit) -> Draft:
    """Whole recordings for each part, chosen as the old tasks chose them; ``keep_first`` cuts training later.

    Recordings without a domain lie in no part where domains are asked for, which is told.
    """
    draft = Draft()
    if config.test_last is None and config.test_domains is None:
        for part in PARTS:
            draft.add(part, recordings)
        return draft
    unknown = [r for r in recordings if r.domain is None]
    if unknown:
        ids = listed([r.id for r in unknown])
        draft.tell("domain-unknown", f"{len(unknown)} recordings have no domain (Id {ids}) and are left out")
    pools = {None: list(recordings)} if config.pooled else by_system(recordings)
    for members in pools.values():
        trained, tested = _domains(members, config)
        chosen = [r for r in members if r.domain in trained]
        draft.add("train", chosen)
        draft.add("validation", chosen)
        draft.add("test", (r for r in members if r.domain in tested))
    return draft


def _domains(members: Sequence[Recording], config: AsExecutedSplit) -> tuple[set[int], set[int]]:
    """Domains that are trained on and that are tested; one is always left for training."""
    known = sorted({r.domain for r in members if r.domain is not None})
    if config.test_domains is not None:
        return set(config.train_domains or ()), set(config.test_domains)
    border = len(known) - min(config.test_last or 0, len(known) - 1)
    return set(known[:border]), set(known[border:])


def keep_first(
    split: SplitResult, windows: Mapping[Part, WindowIndex], config: AsExecutedSplit, recordings: Sequence[Recording]
) -> tuple[SplitResult, dict[Part, WindowIndex]]:
    """Leave to training the first share of each recording's windows, and to its segments what they cover.

    ``recordings[row]`` is the recording of a window's row. Raises SplitError where no window is left.
    """
    index = windows["train"]
    kept = _first(index, config.train)
    if not len(kept):
        raise SplitError(f"a share of {config.train:g} leaves no window of any recording for training")
    reach = np.zeros(len(recordings), dtype=np.int64)
    np.maximum.at(reach, kept.rows, kept.starts + kept.length)
    stop = {recordings[row].id: int(reach[row]) for row in np.flatnonzero(reach).tolist()}
    train = tuple(Segment(s.recording, s.start, stop[s.recording]) for s in split.parts["train"] if s.recording in stop)
    return replace(split, parts={**split.parts, "train": train}), {**windows, "train": kept}


def _first(index: WindowIndex, share: float) -> WindowIndex:
    """Windows of a row stand together, in the order of time; of n the old code took ``int(share * n)``."""
    rows, first, counts = np.unique(index.rows, return_index=True, return_counts=True)
    position = np.arange(len(index.rows)) - first[np.searchsorted(rows, index.rows)]
    inside = position < (share * counts).astype(np.int64)[np.searchsorted(rows, index.rows)]
    return WindowIndex(index.rows[inside], index.starts[inside], index.length)


def shared_samples(parts: Mapping[Part, Sequence[Segment]]) -> dict[tuple[Part, Part], int]:
    """Samples that each two parts have in common."""
    return {(one, other): _overlap(parts[one], parts[other]) for one, other in combinations(PARTS, 2)}


def _overlap(one: Sequence[Segment], other: Sequence[Segment]) -> int:
    of_recording: dict[int, list[Segment]] = {}
    for segment in one:
        of_recording.setdefault(segment.recording, []).append(segment)
    return sum(
        max(0, min(mine.stop, theirs.stop) - max(mine.start, theirs.start))
        for mine in other
        for theirs in of_recording.get(mine.recording, ())
    )


def leak_notice(split: SplitResult) -> Notice:
    """One line on what the figures of such a split are not."""
    counts = shared_samples(split.parts)
    parts = [other for (one, other), count in counts.items() if one == "train" and count]
    verb = "contains" if len(parts) == 1 else "contain"
    return Notice(
        LEAK,
        f"{' and '.join(parts)} {verb} training samples (split.unit: as_executed repeats the old code); these figures "
        "do not tell how good the model is, and stage 1 may have seen what stage 2 tests",
    )
