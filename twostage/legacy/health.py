"""Whether a document can run on this machine: what is looked at, and a short training of everything it plans."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from twostage.components import build
from twostage.config.document import TwoStageConfig
from twostage.config.source import PhmVibenchSource
from twostage.config.stage import StageConfig
from twostage.config.stage_2 import Adaptation, FewshotConfig
from twostage.config.windows import Windows
from twostage.data.recordings import Recording
from twostage.engine.execution import execute
from twostage.engine.leftovers import refuse_leftovers
from twostage.engine.observer import Observer
from twostage.engine.planning.plan import Plan, make_plan, section_of
from twostage.engine.planning.preview import StagePreview, preview
from twostage.engine.training.trainer import check_device
from twostage.errors import DataError, TwoStageError

Status = Literal["pass", "warn", "fail"]
FEW = 8  # windows of each recording in the short training
EPISODES = 2
_FLOAT = 4  # bytes
_STATE = 4 * _FLOAT  # weight, gradient and two moments of a parameter that trains
_MIB = 2**20


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    text: str


def tried(name: str, look: Callable[[], Iterator[Check]]) -> list[Check]:
    """What was found; a user's mistake is a failure under this name."""
    found: list[Check] = []
    try:
        found += look()
    except TwoStageError as error:
        found.append(Check(name, "fail", str(error)))
    return found


def health(config: TwoStageConfig) -> list[Check]:
    """Files, systems, windows, splits and networks, device, memory and disk; nothing is trained or written."""
    found = tried("document", lambda: _decided(config))
    files = tried("files", lambda: _files(config))
    found += files
    if not any(check.status == "fail" for check in files):
        found += tried("systems", lambda: _systems(config))
        found += tried("stages", lambda: _stages(config))
    found += tried("device", lambda: _device(config))
    return found


def trial(config: TwoStageConfig, observer: Observer) -> list[Check]:
    """Train every stage of the plan for one epoch on a few windows, in a folder that is removed afterwards."""
    return tried("training", lambda: _trained(config, observer))


def _decided(config: TwoStageConfig) -> Iterator[Check]:
    """What the old document asks for and the new one leaves out has been decided about."""
    refuse_leftovers(config)
    yield from ()


def _files(config: TwoStageConfig) -> Iterator[Check]:
    source = config.data.source
    if not isinstance(source, PhmVibenchSource):
        yield Check("files", "pass", f"source {source.kind} needs none")
        return
    root = Path(source.root).expanduser()
    if not root.is_dir():
        raise DataError(f"the data folder {root} does not exist")
    if not (root / source.metadata).is_file():
        raise DataError(f"there is no metadata table {source.metadata} in {root}")
    yield Check("files", "pass", f"{root} has {source.metadata}")


def _systems(config: TwoStageConfig) -> Iterator[Check]:
    recordings = build(config.data.source).catalogue(_named(config))
    for system, count in sorted(Counter(recording.system for recording in recordings).items()):
        mine = [recording for recording in recordings if recording.system == system]
        labels = Counter(recording.label for recording in mine)
        unlabelled = labels.pop(None, 0)
        text = f"system {system} ({mine[0].name}): {count} recordings, {len(labels)} classes"
        text += f", {unlabelled} without a label" if unlabelled else ""
        yield Check("systems", "warn" if unlabelled or not labels else "pass", text)
    yield from _window(config, recordings)


def _named(config: TwoStageConfig) -> list[int] | None:
    """The systems that the document names; None where it takes whatever there is."""
    targets = () if config.stage_2 is None else config.stage_2.targets
    named = {system for target in targets for system in target.ids}
    pretrained = () if config.stage_1 is None else config.stage_1.systems
    if pretrained is None or any(target.everything for target in targets):
        return None
    return sorted(named | set(pretrained))


def _window(config: TwoStageConfig, recordings: tuple[Recording, ...]) -> Iterator[Check]:
    shortest = min(recording.length for recording in recordings)
    for name, stage in config.stages.items():
        length = config.data_of(stage).window.length
        short = sum(recording.length < length for recording in recordings)
        text = f"{name}: {length} samples per window, {shortest} in the shortest recording"
        text += f"; {short} of {len(recordings)} recordings are shorter than a window" if short else ""
        yield Check("window", "fail" if short == len(recordings) else "warn" if short else "pass", text)


def _stages(config: TwoStageConfig) -> Iterator[Check]:
    plan = make_plan(config)
    previews = preview(plan)
    for stage in previews:
        windows = "/".join(f"{count:,}" for count in stage.windows)
        text = f"{stage.name}: {windows} windows to train, validate and test; {stage.trained:,} parameters train"
        yield Check("stages", "pass", text)
    for code, message in dict.fromkeys((each.code, each.message) for stage in previews for each in stage.notices):
        yield Check("stages", "warn", f"{message} [{code}]")
    yield _memory(plan, previews)
    yield _disk(config, previews)


def _memory(plan: Plan, previews: list[StagePreview]) -> Check:
    """The least that the largest training takes: what its layers compute comes on top."""
    least = max(
        _least(stage.config, section_of(stage), shown) for stage, shown in zip(plan.stages, previews, strict=True)
    )
    free, where = _free_memory(plan.config)
    text = f"the largest training needs at least {least / _MIB:,.1f} MiB"
    if free is None:
        return Check("memory", "warn", f"{text}; what the machine has free is unknown")
    status: Status = "fail" if least > free else "warn" if least > free / 2 else "pass"
    return Check("memory", status, f"{text}; {free / _MIB:,.0f} MiB of {where} are free")


def _least(config: TwoStageConfig, stage: StageConfig, shown: StagePreview) -> int:
    data = config.data_of(stage)
    batch = data.batch_size * data.window.length * len(data.channels or (0,))
    return shown.trained * _STATE + (shown.parameters - shown.trained) * _FLOAT + batch * _FLOAT


def _free_memory(config: TwoStageConfig) -> tuple[int | None, str]:
    if config.trainer.accelerator in {"auto", "gpu"} and torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0], "GPU memory"
    names = os.sysconf_names if hasattr(os, "sysconf_names") else {}
    if not {"SC_AVPHYS_PAGES", "SC_PAGE_SIZE"} <= set(names):
        return None, "memory"
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), "memory"


def _disk(config: TwoStageConfig, previews: list[StagePreview]) -> Check:
    """One checkpoint per training stays; beside it the largest is written twice while it trains."""
    sizes = [stage.parameters * _FLOAT for stage in previews]
    needed = sum(sizes) + 2 * max(sizes)
    folder = Path(config.output.root).absolute()
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    free = shutil.disk_usage(there).free
    status: Status = "fail" if needed > free else "warn" if needed > free / 2 else "pass"
    text = f"checkpoints need about {needed / _MIB:,.1f} MiB under {folder}; {free / _MIB:,.0f} MiB are free"
    if not os.access(there, os.W_OK):
        return Check("disk", "fail", f"{there} cannot be written")
    return Check("disk", status, text)


def _device(config: TwoStageConfig) -> Iterator[Check]:
    check_device(config.trainer)
    trainer = config.trainer
    yield Check("device", "pass", f"trainer.accelerator {trainer.accelerator} with precision {trainer.precision}")


def _trained(config: TwoStageConfig, observer: Observer) -> Iterator[Check]:
    plan = make_plan(shortened(config))
    with tempfile.TemporaryDirectory(prefix="twostage-validate-") as folder:
        summary = execute(plan, root=Path(folder), lock="# a short training\n", observer=observer)
    for result in summary.stages:
        loss = result.metrics.get("validation/loss", result.metrics.get("test/loss"))
        shown = "" if loss is None else f", loss {loss:.4g}"
        yield Check("training", "pass", f"{result.name}: one epoch in {result.seconds:.1f} s{shown}")


def shortened(config: TwoStageConfig) -> TwoStageConfig:
    """The document with one seed, one epoch and a few windows: for a trial, not for results.

    Of a document with variants this is the document without them.
    """
    stages = {name: _short_stage(stage) for name, stage in config.stages.items()}
    data = config.data.model_copy(update={"window": _short_window(config.data.window, _wanted(config.stage_2))})
    return config.model_copy(update={"seeds": config.seeds[:1], "variants": None, "data": data, **stages})


def _short_stage(stage: StageConfig) -> StageConfig:
    update: dict[str, object] = {"epochs": 1}
    if stage.window is not None:
        update["window"] = _short_window(stage.window, _wanted(stage))
    if isinstance(stage, Adaptation):
        update["repeats"] = 1
    if isinstance(stage, FewshotConfig):
        update |= {"episodes": min(stage.episodes, EPISODES), "episodes_per_epoch": EPISODES}
    return stage.model_copy(update=update)


def _wanted(stage: StageConfig | None) -> int:
    """Windows of a recording that are enough: an episode draws its support and query from them."""
    return 2 * (max(stage.shots) + stage.queries) if isinstance(stage, FewshotConfig) else FEW


def _short_window(window: Windows, most: int) -> Windows:
    there = window.per_recording
    return window.model_copy(update={"per_recording": most if there is None else min(there, most)})
