"""Zero-shot numbers beside those of the training: which stage measures them, on what, and when."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from twostage.config.stage_1 import ZeroShot
from twostage.data.labels import UNLABELLED
from twostage.data.recordings import Notice, Part
from twostage.engine.inputs.loaders import StageLoaders
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.planning.plan import AdaptStage, PretrainStage, Stage, is_trivial, target_name
from twostage.errors import DataError
from twostage.models.network import Network
from twostage.objectives.base import Objective
from twostage.objectives.zero_shot import zero_shot


def asked(stage: Stage) -> ZeroShot | None:
    """``stage_1.zero_shot`` where this stage measures it: an adaptation, or a pretraining that none follows.

    The control from scratch measures it too: features of an untrained encoder tell classes apart as well, and a
    pretraining has to do better than that.
    """
    written = stage.config.stage_1
    if written is None or (isinstance(stage, PretrainStage) and stage.config.stage_2 is not None):
        return None
    controls = stage.document.stage_2.controls if stage.document.stage_2 is not None else ()
    if is_trivial(stage) or (_is(stage, "untrained") and "from_scratch" in controls):
        return None  # the control from scratch starts from the same encoder
    return written.zero_shot


def _is(stage: Stage, variant: str) -> bool:
    return isinstance(stage, AdaptStage) and stage.variant == variant


def kept(stage: Stage, objective: Objective) -> Network | None:
    """The network before an adaptation changes it, where it is to be measured."""
    return None if asked(stage) is None or isinstance(stage, PretrainStage) else copy.deepcopy(objective.network)


def measured(
    stage: Stage, before: Network | None, objective: Objective, loaders: StageLoaders, device: torch.device
) -> dict[str, Any]:
    """Zero-shot metrics of a stage that was asked for them. To be called after the last fit: it reads the test part."""
    config, data = asked(stage), loaders.data
    if config is None or data.labels is None or unmeasurable(stage, data):
        return {}
    found = zero_shot(
        before or objective.network,
        config,
        train=loaders.every("train"),
        test=loaders.every("test"),
        classes=data.labels.counts,
        device=device,
    )
    return {"zero_shot": found}


def refuse_unmeasurable(stage: Stage, data: StageData) -> None:
    """Raise DataError where the data of a stage do not do, and the document wants an error there."""
    config = asked(stage)
    if config is not None and config.missing == "error" and (reason := unmeasurable(stage, data)):
        raise DataError(f"{stage.name}: stage_1.zero_shot cannot be measured: {reason}")


def idle(stage: Stage, loaders: StageLoaders) -> tuple[Notice, ...]:
    """Say so where zero-shot was asked for and cannot be measured."""
    reason = unmeasurable(stage, loaders.data)
    if reason is None:
        return ()
    what = target_name(stage.target) if isinstance(stage, AdaptStage) else "stage 1"  # the same for every seed
    return (Notice("zero-shot-idle", f"stage_1.zero_shot measures nothing of {what}: {reason}"),)


def unmeasurable(stage: Stage, data: StageData) -> str | None:
    """Why a stage that was asked for zero-shot cannot measure it, from windows and classes alone; else None."""
    config = asked(stage)
    if config is None:
        return None
    if data.labels is None:
        return "it reads no classes"
    reference, tested = _systems(data, "train"), _systems(data, "test")
    if not len(tested):
        return "it has no test part"
    for system in np.unique(tested).tolist():
        own = int((reference == system).sum())
        if not own and len(set(data.labels.counts.values())) > 1:
            return (
                f"system {system} has no training window, and the classes of the other systems cannot be compared "
                "with its own; write head.share: shared"
            )
        if (there := own or len(reference)) < config.neighbours:
            return f"{there} training windows are fewer than zero_shot.neighbours ({config.neighbours})"
    return None


def _systems(data: StageData, part: Part) -> NDArray[np.int64]:
    """The system of each window of a part that has a class."""
    rows, classes = data.windows[part].rows, data.class_indices
    system = np.array([recording.system for recording in data.recordings], dtype=np.int64)
    return system[rows if classes is None else rows[classes[rows] != UNLABELLED]]
