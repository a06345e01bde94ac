"""Which tasks a target can train, on which recordings, with which targets."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from twostage.config.stage_2 import MultitaskConfig, Target, TaskName
from twostage.data.labels import LabelSpace
from twostage.data.recordings import PARTS, Notice, Part, Recording
from twostage.data.splits.checks import check_classes
from twostage.data.splits.result import Draft, SplitResult, by_system, listed
from twostage.data.targets import Targets, anomaly, column, fault_class, known, lacks, remaining_life, scale_of_life
from twostage.engine.inputs.data_checks import refuse_unlabelled
from twostage.errors import DataError

READ_LABELS: frozenset[TaskName] = frozenset({"classification", "anomaly_detection"})
# Targets that are all a smaller share of the scale than this are as good as 0.
FAINT = 0.01


@dataclass(frozen=True)
class Selection:
    """The tasks that can be trained and the recordings that have a target of some of them.

    ``classed`` are the ids of recordings with a fault class that counts.
    """

    tasks: tuple[TaskName, ...]
    recordings: tuple[Recording, ...]
    classed: frozenset[int]
    notices: tuple[Notice, ...]

    @property
    def labelled(self) -> bool:
        """Whether every recording has a fault class, so that a split can be made by class."""
        return "classification" in self.tasks and len(self.classed) == len(self.recordings)


def select(
    config: MultitaskConfig,
    target: Target,
    recordings: Sequence[Recording],
    refused: Mapping[TaskName, str] | None = None,
) -> Selection:
    """What ``target`` can train on these recordings; ``refused`` names tasks for which a split was found wanting.

    Raises DataError where something is missing and the document does not say to go on without.
    """
    wanted = config.tasks_of(target)
    admitted, notices = _admit(config, wanted, recordings)
    tasks: list[TaskName] = []
    for task in wanted:
        reason, idle = _wanting(config, task, admitted)
        reason = (refused or {}).get(task, reason)
        if reason is None:
            tasks.append(task)
        if reason is not None or idle:
            notices.append(_told(config, task, admitted, reason, idle))
    if not tasks:
        raise DataError(
            f"none of the tasks {', '.join(wanted)} can be trained on {_systems(admitted)}: "
            + "; ".join(notice.message for notice in notices)
        )
    usable = known(admitted, tasks)
    if len(usable) < len(admitted):
        left = f"{len(admitted) - len(usable)} of {len(admitted)} recordings have no target of {', '.join(tasks)}"
        notices.append(Notice("no-target", f"{left}, and are left out"))
    return Selection(tuple(tasks), tuple(usable), _classed(config, tasks, usable), tuple(notices))


def shortcomings(selection: Selection, split: SplitResult) -> dict[TaskName, str]:
    """The tasks that some part of the split cannot serve, each with the reason."""
    parts = _recordings_of(selection, split)
    found: dict[TaskName, str] = {}
    for task in selection.tasks:
        reason = lacks(task, parts["train"])
        untold = [part for part in ("validation", "test") if parts[part] and not known(parts[part], [task])]
        if reason is not None:
            found[task] = f"in the training part of the split, {reason}"
        elif untold:
            found[task] = f"no recording of the {' or '.join(untold)} part of the split has a target of it"
    return found


def targets_of(
    config: MultitaskConfig, selection: Selection, split: SplitResult, *, channels: int
) -> tuple[Targets, LabelSpace | None, tuple[Notice, ...]]:
    """Targets and classes of the selected recordings, once they are split. Raises DataError, SplitError."""
    recordings, tasks = selection.recordings, selection.tasks
    labels: LabelSpace | None = None
    notices: list[Notice] = []
    if "classification" in tasks:
        labels, notices = _classes(config, selection, split)
    scale, told = _scale(config, _recordings_of(selection, split)["train"]) if "rul_prediction" in tasks else (1.0, [])
    targets = Targets(
        tasks=tasks,
        anomaly=column(recordings, anomaly),
        rul=column(recordings, remaining_life),
        classed=np.array([recording.id in selection.classed for recording in recordings]),
        channels=channels,
        systems=tuple(by_system(recordings)),
        rul_scale=scale,
    )
    return targets, labels, (*selection.notices, *notices, *told)


def _admit(
    config: MultitaskConfig, tasks: Collection[TaskName], recordings: Sequence[Recording]
) -> tuple[list[Recording], list[Notice]]:
    """The recordings that the document lets in, labelled or not."""
    labelled = [recording for recording in recordings if recording.label is not None]
    if config.unlabelled == "mask" or not READ_LABELS & set(tasks) or len(labelled) == len(recordings):
        return list(recordings), []
    if config.unlabelled == "error":
        refuse_unlabelled(recordings)
    without = f"{len(recordings) - len(labelled)} of {len(recordings)} recordings have no label and are left out"
    if not labelled:
        raise DataError(f"{without}, so nothing is left; write stage_2.unlabelled: mask")
    return labelled, [Notice("unlabelled-excluded", without)]


def _wanting(config: MultitaskConfig, task: TaskName, recordings: Sequence[Recording]) -> tuple[str | None, list[int]]:
    """Why a task cannot be trained, if so; else the systems that give it nothing."""
    systems = by_system(recordings)
    if task == "classification" and config.head_share == "per_system":
        reasons = {system: lacks(task, mine) for system, mine in systems.items()}
        idle = [system for system, reason in reasons.items() if reason is not None]
        return (next(iter(reasons.values())), []) if len(idle) == len(systems) else (None, idle)
    reason = lacks(task, recordings)
    return (reason, []) if reason else (None, [id_ for id_, mine in systems.items() if not known(mine, [task])])


def _told(
    config: MultitaskConfig, task: TaskName, recordings: Sequence[Recording], reason: str | None, idle: Sequence[int]
) -> Notice:
    """The notice of what a task misses. Raises DataError where the document does not go on without."""
    if config.missing == "error":
        what = reason or f"nothing of system {listed(idle)} is a target of it"
        raise DataError(
            f"{_systems(recordings)}: tasks.{task} cannot be trained: {what}. Fill the metadata table, leave the task "
            "out under tasks or targets.tasks, or write stage_2.missing: skip"
        )
    if reason is not None:
        return Notice("task-skipped", f"{task} is left out on {_systems(recordings)}: {reason}")
    return Notice("task-partly-skipped", f"nothing of system {listed(idle)} is a target of {task}; others are")


def _classed(config: MultitaskConfig, tasks: Collection[TaskName], recordings: Sequence[Recording]) -> frozenset[int]:
    """Ids of the recordings with a class, in systems whose classes can be told apart."""
    if "classification" not in tasks:
        return frozenset()
    idle = set(_wanting(config, "classification", recordings)[1])
    return frozenset(r.id for r in recordings if fault_class(r) is not None and r.system not in idle)


def _classes(config: MultitaskConfig, selection: Selection, split: SplitResult) -> tuple[LabelSpace, list[Notice]]:
    """The classes, and what is worth saying of them. Raises SplitError for a class that is tested but not trained."""
    chosen = {part: [s for s in split.parts[part] if s.recording in selection.classed] for part in PARTS}
    used = {segment.recording for segments in chosen.values() for segment in segments}
    shared = config.head_share == "shared"
    draft = Draft(parts=chosen)
    if not selection.labelled:
        check_classes(draft, selection.recordings, pooled=shared)
    return LabelSpace.of([r for r in selection.recordings if r.id in used], shared=shared), draft.notices


def _scale(config: MultitaskConfig, trained: Sequence[Recording]) -> tuple[float, list[Notice]]:
    """What remaining lives are divided by."""
    written = config.tasks.rul_prediction
    if written is None or not written.normalize_targets:
        return 1.0, []
    if written.max_rul is None:
        return scale_of_life(trained), []
    largest = max((life for r in trained if (life := remaining_life(r)) is not None), default=0.0)
    if largest >= FAINT * written.max_rul:
        return written.max_rul, []
    faint = f"the largest remaining life in training is {largest:g}, but max_rul is {written.max_rul:g}: all targets "
    return written.max_rul, [Notice("rul-scale", f"{faint}are close to 0, and the task hardly weighs in the loss")]


def _recordings_of(selection: Selection, split: SplitResult) -> dict[Part, list[Recording]]:
    ids = {part: {segment.recording for segment in split.parts[part]} for part in PARTS}
    return {part: [r for r in selection.recordings if r.id in ids[part]] for part in PARTS}


def _systems(recordings: Sequence[Recording]) -> str:
    ids = list(by_system(recordings))
    return f"system {ids[0]}" if len(ids) == 1 else f"systems {listed(ids)}"
