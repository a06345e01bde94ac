"""From recordings and a document to a split that is proved to share nothing."""

from __future__ import annotations

from collections.abc import Sequence

from twostage.config.splits import (
    AsExecutedSplit,
    BearingSplit,
    DomainSplit,
    RecordingSplit,
    Split,
    SystemSplit,
    TimeSplit,
)
from twostage.data.recordings import Part, Recording, Segment
from twostage.data.splits.as_executed import select_as_executed
from twostage.data.splits.blocks import cut_blocks
from twostage.data.splits.checks import admit, check_classes, check_parts
from twostage.data.splits.disjoint import check_disjoint
from twostage.data.splits.exclusion import exclude_segments
from twostage.data.splits.groups import Draw, Shares, draw_groups
from twostage.data.splits.holdout import hold_out_domains, hold_out_systems
from twostage.data.splits.result import Draft, SplitResult

__all__ = ["SplitResult", "make_split"]


def make_split(
    recordings: Sequence[Recording],
    config: Split,
    *,
    window_length: int,
    exclude: Sequence[Segment] = (),
    labelled: bool = True,
) -> SplitResult:
    """Give every usable recording, or block of one, to train, validation or test.

    The same recordings, in any order, and the same config give the same split; a system is split alike whichever
    others are there. ``exclude`` names samples that no part may use. With ``labelled`` every class must be trainable
    and unlabelled recordings are left out. No two parts share a sample, except under the unit as_executed, which gives
    whole recordings to be cut by ``keep_first``. Raises SplitError.
    """
    draft = Draft()
    usable = admit(recordings, window_length, draft, labelled=labelled)
    draft.take(_split(usable, config, window_length, labelled=labelled))
    check_parts(draft, _wanted(config))
    exclude_segments(draft, exclude, window_length)
    if labelled:
        check_classes(draft, usable, pooled=isinstance(config, SystemSplit))
    result = SplitResult(
        {part: tuple(sorted(segments)) for part, segments in draft.parts.items()}, tuple(draft.notices)
    )
    if isinstance(config, AsExecutedSplit):
        return result
    check_disjoint(result.parts)
    check_disjoint({"this split": [s for part in result.parts.values() for s in part], "a later test": exclude})
    return result


def _split(recordings: Sequence[Recording], config: Split, window_length: int, *, labelled: bool) -> Draft:
    match config:
        case RecordingSplit():
            draw = Draw("recording", _shares(config), config.seed, labelled=labelled, remedy="; split by time instead")
            return draw_groups(recordings, draw)
        case BearingSplit():
            remedy = "; set few_bearings to train_only or exclude, or split by another unit"
            few = config.few_bearings
            draw = Draw("bearing", _shares(config), config.seed, few=few, labelled=labelled, remedy=remedy)
            return draw_groups(recordings, draw)
        case TimeSplit():
            return cut_blocks(recordings, _shares(config), window_length, config.gap)
        case DomainSplit():
            return hold_out_domains(recordings, config, window_length, labelled=labelled)
        case SystemSplit():
            return hold_out_systems(recordings, config, window_length, labelled=labelled)
        case AsExecutedSplit():
            return select_as_executed(recordings, config)


def _shares(config: RecordingSplit | BearingSplit | TimeSplit) -> Shares:
    shares: Shares = {"train": config.train, "validation": config.validation, "test": config.test}
    return {part: share for part, share in shares.items() if share > 0.0}


def _wanted(config: Split) -> set[Part]:
    """The parts that must hold something."""
    if isinstance(config, RecordingSplit | BearingSplit | TimeSplit):
        return set(_shares(config))
    return {"train", "validation", "test"} if config.validation > 0.0 else {"train", "test"}
