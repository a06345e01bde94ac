"""From a planned stage to its data: recordings, split, windows; checked before anything trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from twostage.components import implementation_of
from twostage.config.data import DataConfig
from twostage.config.document import TwoStageConfig
from twostage.config.splits import AsExecutedSplit, Split, TimeSplit
from twostage.config.stage_1 import Pretraining
from twostage.config.stage_2 import MultitaskConfig, Target, TaskName
from twostage.config.windows import Windows
from twostage.data.band.origin import check_origins_disjoint, check_windows_of, reach_of
from twostage.data.labels import LabelSpace
from twostage.data.recordings import PARTS, Notice, Part, Recording, Segment
from twostage.data.sources.base import Source
from twostage.data.splits.as_executed import keep_first, leak_notice
from twostage.data.splits.make import SplitResult, make_split
from twostage.data.targets import Targets
from twostage.data.windows import WindowIndex, place
from twostage.engine.inputs.data_checks import channels_of, idle_test, places_of, refuse_copies, refuse_unlabelled
from twostage.engine.inputs.embedding_checks import refuse_misfits
from twostage.engine.inputs.rates import digests_of, in_band, mixed_rates
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.inputs.task_data import select, shortcomings, targets_of
from twostage.engine.planning.plan import PretrainStage, Stage
from twostage.errors import DataError
from twostage.objectives.adapt.monitors import refuse_blind_monitor
from twostage.objectives.pretrain.custom import reads_labels

NOT_TRANSFERRED = Notice(
    "not-transferred",
    "stage_2.start is from_scratch: stage 1 trains, and stage 2 starts from fresh weights, as in the old project",
)


class Preparation:
    """Prepares the data of every stage of a document without variants; splits once for all seeds and backbones.

    ``digests`` are those of recordings of ``source`` that were read before; what is read here is added.
    """

    def __init__(self, config: TwoStageConfig, source: Source, digests: dict[int, str]) -> None:
        self.config = config
        self.source = in_band(source, config.data.band, digests)
        self._digests = digests
        self._prepared: dict[Target | None, StageData] = {}

    @cached_property
    def recordings(self) -> tuple[Recording, ...]:
        """The recordings of all systems that some stage may read."""
        return self.source.catalogue(self._systems())

    @cached_property
    def _by_id(self) -> dict[int, Recording]:
        return {recording.id: recording for recording in self.recordings}

    @cached_property
    def _by_system(self) -> dict[int, list[Recording]]:
        systems: dict[int, list[Recording]] = {}
        for recording in self.recordings:
            systems.setdefault(recording.system, []).append(recording)
        return systems

    def prepare(self, stage: Stage) -> StageData:
        """Split and windows of a stage. Raises DataError or SplitError; reads no signal."""
        return self._pretraining() if isinstance(stage, PretrainStage) else self._adaptation(stage.target)

    def survey(self, data: StageData) -> dict[int, str]:
        """Read every sample that ``data`` may use, once; digests by recording id. Raises DataError, SplitError."""
        tested = {segment.recording for segment in self._tested_segments()} if data.pretraining else set()
        mine = {recording.id for recording in data.used}
        fresh = [self._by_id[id_] for id_ in sorted(mine | tested) if id_ not in self._digests]
        self._digests |= digests_of(self.source, fresh)
        places = places_of(data)
        if data.pretraining:
            places |= {recording: {"the test of stage 2"} for recording in tested - mine}
        if not isinstance(data.config.split, AsExecutedSplit):
            refuse_copies(places, {recording: self._digests[recording] for recording in places})
        return {recording: self._digests[recording] for recording in sorted(mine)}

    def _pretraining(self) -> StageData:
        """Data of stage 1; the same for every seed."""
        if None not in self._prepared:
            self._prepared[None] = self._split_for_pretraining()
        return self._prepared[None]

    def _adaptation(self, target: Target) -> StageData:
        """Data of a target; the same for every seed and for the control."""
        if target not in self._prepared:
            self._prepared[target] = self._split_for_adaptation(target)
        return self._prepared[target]

    def _split_for_pretraining(self) -> StageData:
        stage_1 = self.config.stage_1
        assert stage_1 is not None  # noqa: S101 - the plan has such a stage for such documents only
        tested = self._tested_segments()
        chosen = self._pretrained_on(stage_1)
        if not chosen:
            raise DataError(
                "stage_1.systems is not written, and the source has no system beside the targets of stage 2"
            )
        data = self.config.data_of(stage_1)
        labelled = reads_labels(stage_1)
        if labelled and getattr(stage_1, "unlabelled", "error") == "error":
            refuse_unlabelled(chosen, stage="stage_1")
        split = make_split(
            chosen, self._spaced(data.split), window_length=data.window.length, exclude=tested, labelled=labelled
        )
        labels = _label_space(chosen, split, shared=stage_1.shares_classes) if labelled else None
        leaks = isinstance(data.split, AsExecutedSplit)
        measured = stage_1.zero_shot is not None and self.config.stage_2 is None
        return self._finish(
            data, chosen, split, labels=labels, notices=() if measured or leaks else idle_test(split), pretraining=True
        )

    def _pretrained_on(self, stage_1: Pretraining) -> list[Recording]:
        """The systems that are written, or all beside those that are adapted to."""
        if stage_1.systems is not None:
            return self._of_systems(stage_1.systems)
        targets = {system for target in self._targets() for system in target.ids}
        everything = any(target.everything for target in self._targets())
        return [] if everything else [each for each in self.recordings if each.system not in targets]

    def _sharing(self, chosen: Sequence[Recording]) -> list[Recording]:
        """The recordings that meet one encoder with these: those of stage 1, and of all that starts from it."""
        stage_1, stage_2 = self.config.stage_1, self.config.stage_2
        if stage_1 is None or stage_2 is None or stage_2.start == "from_scratch":
            return list(chosen)
        adapted = [each for target in stage_2.targets for each in self._adapted_to(target)]
        return [*chosen, *self._pretrained_on(stage_1), *adapted]

    def _adapted_to(self, target: Target) -> list[Recording]:
        return list(self.recordings) if target.everything else self._of_systems(target.ids)

    def _split_for_adaptation(self, target: Target) -> StageData:
        stage_2 = self.config.stage_2
        assert stage_2 is not None  # noqa: S101 - as above
        chosen = self._adapted_to(target)
        if isinstance(stage_2, MultitaskConfig):
            return self._split_for_tasks(stage_2, target, chosen)
        if stage_2.unlabelled == "error":
            refuse_unlabelled(chosen)
        data = self.config.data_of(stage_2)
        split = make_split(chosen, self._spaced(data.split), window_length=data.window.length)
        labels = _label_space(chosen, split, shared=stage_2.head_share == "shared")
        return self._finish(data, chosen, split, labels=labels, notices=())

    def _split_for_tasks(
        self,
        stage_2: MultitaskConfig,
        target: Target,
        chosen: Sequence[Recording],
        refused: Mapping[TaskName, str] | None = None,
    ) -> StageData:
        """Data of a target with several tasks; split anew without the tasks that the split cannot serve."""
        selection = select(stage_2, target, chosen, refused)
        data = self.config.data_of(stage_2)
        split = make_split(
            selection.recordings,
            self._spaced(data.split),
            window_length=data.window.length,
            labelled=selection.labelled,
        )
        if wanting := shortcomings(selection, split):
            return self._split_for_tasks(stage_2, target, chosen, {**(refused or {}), **wanting})
        channels = len(channels_of(selection.recordings, data.channels))
        targets, labels, notices = targets_of(stage_2, selection, split, channels=channels)
        return self._finish(data, selection.recordings, split, labels=labels, notices=notices, targets=targets)

    def _finish(
        self,
        config: DataConfig,
        chosen: Sequence[Recording],
        split: SplitResult,
        *,
        labels: LabelSpace | None,
        notices: tuple[Notice, ...],
        pretraining: bool = False,
        targets: Targets | None = None,
    ) -> StageData:
        windows = _windows(chosen, split, config.window)
        if isinstance(config.split, AsExecutedSplit):
            split, windows = keep_first(split, windows, config.split, chosen)
            notices = (*notices, leak_notice(split))
        else:
            check_windows_of(self.source, windows, chosen)
        if pretraining and not isinstance(config.split, AsExecutedSplit):
            used = [segment for segments in split.parts.values() for segment in segments]
            check_origins_disjoint(self.source, {"this split": used, "a later test": self._tested_segments()})
        notices = (*mixed_rates(self._sharing(chosen), self.config.data.band), *notices)
        stage_2 = self.config.stage_2
        if stage_2 is not None and self.config.stage_1 is not None and stage_2.start == "from_scratch":
            notices = (*notices, NOT_TRANSFERRED)
        if self.config.stage_1 is not None and pretraining and labels is not None:
            refuse_blind_monitor(self.config.stage_1.checkpoint.monitor, chosen, windows["validation"])
        if stage_2 is not None and not pretraining:
            notices = (*notices, *implementation_of(stage_2).examine(stage_2, chosen, windows))
        data = StageData(
            source=self.source,
            config=config,
            recordings=tuple(chosen),
            split=split,
            windows=windows,
            channels=channels_of(chosen, self.config.data.channels),
            labels=labels,
            notices=(*notices, *split.notices),
            pretraining=pretraining,
            targets=targets,
        )
        refuse_misfits(self.config.model, data)
        return data

    def _spaced(self, split: Split) -> Split:
        """The split, with a gap between blocks of time that holds a window of either stage where none is written.

        Where recordings are resampled, the gap is that long in what the filters leave untouched.

        So both stages cut a recording alike, whatever their windows.
        """
        if not isinstance(split, TimeSplit) or split.gap is not None:
            return split
        longest = max(self.config.data_of(stage).window.length for stage in self.config.stages.values())
        return split.model_copy(update={"gap": longest + reach_of(self.source)})

    def _systems(self) -> list[int] | None:
        """The systems that the document names; None where stage 1 takes whatever there is."""
        named = {system for target in self._targets() for system in target.ids}
        if any(target.everything for target in self._targets()):
            return None
        if self.config.stage_1 is None:
            return sorted(named)
        return None if self.config.stage_1.systems is None else sorted(named | set(self.config.stage_1.systems))

    def _targets(self) -> tuple[Target, ...]:
        return () if self.config.stage_2 is None else self.config.stage_2.targets

    def _tested_segments(self) -> list[Segment]:
        """Samples that some adaptation is tested on; pretraining must not see them.

        None where the document repeats the old code: there everything was seen, and every result says so.
        """
        if self.config.stage_2 and isinstance(self.config.data_of(self.config.stage_2).split, AsExecutedSplit):
            return []
        return [segment for target in self._targets() for segment in self._adaptation(target).split.parts["test"]]

    def _of_systems(self, systems: Iterable[int]) -> list[Recording]:
        """The recordings of these systems, by id; looks at no others, so that many targets stay cheap."""
        chosen = [recording for system in set(systems) for recording in self._by_system.get(system, ())]
        return sorted(chosen, key=lambda recording: recording.id)


def _windows(chosen: Sequence[Recording], split: SplitResult, placement: Windows) -> dict[Part, WindowIndex]:
    row_of = {recording.id: row for row, recording in enumerate(chosen)}
    lengths = {recording.id: recording.length for recording in chosen}
    return {part: place(split.parts[part], row_of, lengths, placement) for part in PARTS}


def _label_space(chosen: Sequence[Recording], split: SplitResult, *, shared: bool) -> LabelSpace:
    """The classes of the recordings that some part of the split uses."""
    used = {segment.recording for segments in split.parts.values() for segment in segments}
    return LabelSpace.of([recording for recording in chosen if recording.id in used], shared=shared)
