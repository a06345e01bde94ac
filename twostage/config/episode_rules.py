"""Episodes that no recording can fill, where the document alone shows it."""

from __future__ import annotations

from twostage.config.data import DataConfig
from twostage.config.source import SyntheticSource
from twostage.config.splits import BearingSplit, RecordingSplit
from twostage.config.stage_2.fewshot import FewshotConfig

# Of the simulated rigs; a test compares them with the designs.
CLASSES, CLASSES_WITH_GEAR, MOST_DOMAINS = 4, 5, 4
GEARED, LAST_DESIGN, REPEATED = 6, 7, 6


def classes_of_rig(system: int) -> int:
    """Classes of a simulated rig; systems above 7 are built like the first six in turn."""
    geared = system == LAST_DESIGN or (system - 1) % REPEATED == GEARED - 1
    return CLASSES_WITH_GEAR if geared else CLASSES


def unfillable(stage_2: object, data: DataConfig) -> str | None:
    """Say which key asks for more than there is, or None. ``data`` are those of stage 2."""
    if not isinstance(stage_2, FewshotConfig):
        return None
    return _too_few_systems(stage_2) or (
        _of_rigs(stage_2, data, data.source) if isinstance(data.source, SyntheticSource) else None
    )


def _too_few_systems(stage_2: FewshotConfig) -> str | None:
    wanted = stage_2.systems_per_episode
    for target in stage_2.targets:
        if wanted is not None and not target.everything and wanted > len(target.ids):
            return (
                f"stage_2.systems_per_episode is {wanted}, but a target names {len(target.ids)} system(s); lower it, "
                "or name more systems in one target"
            )
    return None


def _of_rigs(stage_2: FewshotConfig, data: DataConfig, source: SyntheticSource) -> str | None:
    """What the simulated rigs hold follows from the document."""
    for system in sorted({system for target in stage_2.targets for system in target.ids}):
        if stage_2.ways is not None and stage_2.ways > classes_of_rig(system):
            return (
                f"stage_2.ways is {stage_2.ways}, but the simulated rig {system} has {classes_of_rig(system)} classes"
            )
    domains = MOST_DOMAINS if source.domains is None else source.domains
    if stage_2.domains_per_episode is not None and stage_2.domains_per_episode > domains:
        return (
            f"stage_2.domains_per_episode is {stage_2.domains_per_episode}, but a simulated rig has at most {domains} "
            "operating conditions here; lower it, or change data.source.domains"
        )
    return _too_few_bearings(stage_2, data, source) or _too_few_windows(stage_2, data, source, domains)


def _too_few_bearings(stage_2: FewshotConfig, data: DataConfig, source: SyntheticSource) -> str | None:
    if stage_2.support_unit != "bearing" or not isinstance(data.split, BearingSplit):
        return None
    needed = sum(2 if part != "train" or stage_2.trains else 1 for part in _parts(data.split))
    there = source.bearings_per_class * source.severities
    if there >= needed:
        return None
    return (
        f"an episode takes support and query from two bearings of each class, so the parts of the split need {needed} "
        f"of them, but data.source makes {there} (bearings_per_class times severities); raise one of these"
    )


def _too_few_windows(stage_2: FewshotConfig, data: DataConfig, source: SyntheticSource, domains: int) -> str | None:
    """More windows than all parts together hold of a class, less one unit for each other part."""
    per_recording = data.window.per_recording
    if per_recording is None or not isinstance(data.split, BearingSplit | RecordingSplit):
        return None
    bearings, others = source.bearings_per_class * source.severities, len(_parts(data.split)) - 1
    whole = isinstance(data.split, BearingSplit)
    recordings = (bearings - others) * domains if whole else bearings * domains - others
    if stage_2.domains_per_episode is not None:
        recordings = min(recordings, bearings)
    most, wanted = recordings * per_recording, max(stage_2.shots) + stage_2.queries
    if wanted <= most:
        return None
    return (
        f"stage_2.shots ({max(stage_2.shots)}) and stage_2.queries ({stage_2.queries}) are {wanted} windows of each "
        f"class, but a part of the split holds at most {most} of a class of the simulated rigs; lower them, or raise "
        "data.window.per_recording or data.source.bearings_per_class"
    )


def _parts(split: BearingSplit | RecordingSplit) -> list[str]:
    return [part for part in ("train", "validation", "test") if getattr(split, part) > 0.0]
