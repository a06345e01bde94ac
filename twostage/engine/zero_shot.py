"""Zero-shot numbers beside those of the training: which stage measures them, on what, and when."""

from __future__ import annotations

import copy
from typing import Any

import torch

from twostage.config.stage_1 import ZeroShot
from twostage.data.recordings import Notice
from twostage.engine.loaders import StageLoaders
from twostage.engine.plan import AdaptStage, PretrainStage, Stage, is_trivial
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
    if config is None or data.labels is None:
        return {}
    if not len(data.windows["test"].rows):
        raise DataError(f"{stage.name} has no test part, on which stage_1.zero_shot could be measured")
    found = zero_shot(
        before or objective.network,
        config,
        train=loaders.every("train"),
        test=loaders.every("test"),
        classes=data.labels.counts,
        device=device,
    )
    return {"zero_shot": found}


def idle(stage: Stage, loaders: StageLoaders) -> tuple[Notice, ...]:
    """Say so where zero-shot was asked for and there are no classes to tell apart."""
    if asked(stage) is None or loaders.data.labels is not None:
        return ()
    return (Notice("zero-shot-idle", f"stage_1.zero_shot measures nothing in {stage.name}, which reads no classes"),)
