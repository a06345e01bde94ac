"""From a planned stage to its data: recordings, split, windows; checked before anything trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from twostage.components import build
from twostage.config.data import DataConfig
from twostage.config.document import TwoStageConfig
from twostage.config.stage_2 import Target
from twostage.data.labels import LabelSpace
from twostage.data.recordings import PARTS, Notice, Part, Recording, Segment
from twostage.data.sources.base import Source
from twostage.data.splits.disjoint import check_windows_disjoint
from twostage.data.splits.make import SplitResult, make_split
from twostage.data.splits.report import split_report
from twostage.data.survey import duplicates, survey
from twostage.data.windows import WindowIndex, place
from twostage.engine.plan import AdaptStage, PretrainStage, Stage
from twostage.errors import DataError, SplitError


@dataclass(frozen=True)
class StageData:
    """What one stage trains, validates and tests on. ``labels`` is None where no label is read."""

    source: Source
    config: DataConfig
    recordings: tuple[Recording, ...]
    split: SplitResult
    windows: Mapping[Part, WindowIndex]
    channels: tuple[int, ...]
    labels: LabelSpace | None
    notices: tuple[Notice, ...]

    @property
    def used(self) -> tuple[Recording, ...]:
        """Recordings that lie in some part of the split."""
        ids = {segment.recording for segments in self.split.parts.values() for segment in segments}
        return tuple(recording for recording in self.recordings if recording.id in ids)

    def report(self) -> dict[str, Any]:
        """The split as plain values: who is where, intervals, counts, notices."""
        return split_report(self.split, self.recordings, self.windows) | {
            "notices": [{"code": notice.code, "message": notice.message} for notice in self.notices]
        }


class Workshop:
    """Prepares the data of every stage of a document; reads each table, header and signal once."""

    def __init__(self, config: TwoStageConfig) -> None:
        self.config = config
        self.source: Source = build(config.data.source)
        self._digests: dict[int, str] = {}

    @cached_property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings of all systems that some stage may read."""
        return self.source.catalogue(self._systems())

    def prepare(self, stage: Stage) -> StageData:
        """Split and windows of a stage. Raises DataError or SplitError; reads no signal."""
        match stage:
            case PretrainStage():
                return self._pretraining(stage)
            case AdaptStage():
                return self._adaptation(stage.target)

    def survey(self, data: StageData) -> dict[int, str]:
        """Read every sample that ``data`` may use, once; digests by recording id. Raises DataError, SplitError."""
        tested = {segment.recording for segment in self._tested_segments()}
        mine = {recording.id for recording in data.used}
        needed = [recording for recording in self.recordings if recording.id in mine | tested]
        fresh = [recording for recording in needed if recording.id not in self._digests]
        self._digests |= survey(self.source.open(fresh), fresh)
        places = _places(data)
        if data.labels is None:
            places |= {recording: {"the test of stage 2"} for recording in tested - mine}
        _refuse_copies(places, {recording: self._digests[recording] for recording in places})
        return {recording: self._digests[recording] for recording in sorted(mine)}

    def _pretraining(self, stage: PretrainStage) -> StageData:
        assert stage.config.stage_1 is not None  # noqa: S101 - the plan has such a stage for such documents only
        tested = self._tested_segments()
        written = stage.config.stage_1.systems
        targets = {system for target in self._targets() for system in target.ids}
        beside = [recording for recording in self.recordings if recording.system not in targets]
        chosen = beside if written is None else self._of_systems(written)
        if not chosen:
            raise DataError(
                "stage_1.systems is not written, and the source has no system beside the targets of stage 2"
            )
        config = stage.config.stage_1.split or self.config.data.split
        split = make_split(chosen, config, window_length=self._length, exclude=tested, labelled=False)
        return self._finish(chosen, split, labels=None, notices=_idle_test(split))

    def _adaptation(self, target: Target) -> StageData:
        stage_2 = self.config.stage_2
        assert stage_2 is not None  # noqa: S101 - as above
        chosen = self._of_systems(target.ids)
        if stage_2.unlabelled == "error":
            _refuse_unlabelled(chosen)
        split = make_split(chosen, stage_2.split or self.config.data.split, window_length=self._length)
        labels = LabelSpace.of(chosen, shared=stage_2.head.share == "shared")
        return self._finish(chosen, split, labels=labels, notices=())

    def _finish(
        self,
        chosen: Sequence[Recording],
        split: SplitResult,
        *,
        labels: LabelSpace | None,
        notices: tuple[Notice, ...],
    ) -> StageData:
        windows = self._windows(chosen, split)
        check_windows_disjoint(windows, chosen)
        return StageData(
            source=self.source,
            config=self.config.data,
            recordings=tuple(chosen),
            split=split,
            windows=windows,
            channels=_channels(chosen, self.config.data.channels),
            labels=labels,
            notices=(*notices, *split.notices),
        )

    def _windows(self, chosen: Sequence[Recording], split: SplitResult) -> dict[Part, WindowIndex]:
        row_of = {recording.id: row for row, recording in enumerate(chosen)}
        lengths = {recording.id: recording.length for recording in chosen}
        return {part: place(split.parts[part], row_of, lengths, self.config.data.window) for part in PARTS}

    @property
    def _length(self) -> int:
        return self.config.data.window.length

    def _systems(self) -> list[int] | None:
        """The systems that the document names; None where stage 1 takes whatever there is."""
        named = {system for target in self._targets() for system in target.ids}
        if self.config.stage_1 is None:
            return sorted(named)
        return None if self.config.stage_1.systems is None else sorted(named | set(self.config.stage_1.systems))

    def _targets(self) -> tuple[Target, ...]:
        return () if self.config.stage_2 is None else self.config.stage_2.targets

    def _tested_segments(self) -> list[Segment]:
        """Samples that some adaptation is tested on; pretraining must not see them."""
        return [segment for target in self._targets() for segment in self._adaptation(target).split.parts["test"]]

    def _of_systems(self, systems: Iterable[int]) -> list[Recording]:
        wanted = set(systems)
        return [recording for recording in self.recordings if recording.system in wanted]


def _idle_test(split: SplitResult) -> tuple[Notice, ...]:
    """Pretraining has no test: what its split sets aside for one is used by nobody."""
    idle = {segment.recording for segment in split.parts["test"]}
    if not idle:
        return ()
    text = f"{len(idle)} recordings lie in the test part of stage 1, which nothing reads; a stage_1.split may use them"
    return (Notice("test-idle", text),)


def _refuse_unlabelled(chosen: Sequence[Recording]) -> None:
    left = [recording.id for recording in chosen if recording.label is None]
    if left:
        raise DataError(
            f"{len(left)} of {len(chosen)} recordings have no label (missing or -1), such as Id {left[0]}; label them, "
            "or write stage_2.unlabelled: exclude"
        )


def _channels(chosen: Sequence[Recording], written: Sequence[int] | None) -> tuple[int, ...]:
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


def _places(data: StageData) -> dict[int, set[str]]:
    """The parts in which each recording lies."""
    found: dict[int, set[str]] = {}
    for part in PARTS:
        for segment in data.split.parts[part]:
            found.setdefault(segment.recording, set()).add(part)
    return found


def _refuse_copies(places: Mapping[int, set[str]], digests: Mapping[int, str]) -> None:
    for group in duplicates(digests):
        parts = sorted(set().union(*(places[recording] for recording in group)))
        if len(parts) > 1:
            raise SplitError(
                f"recordings {list(group)} hold the same samples bit for bit, but lie in {' and '.join(parts)}; "
                "take the copies out of the metadata table"
            )
