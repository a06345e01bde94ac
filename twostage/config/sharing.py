"""What a pretraining depends on: points of a document that agree on it share one pretraining."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from twostage.config.document import TwoStageConfig
from twostage.config.splits import TimeSplit
from twostage.config.stage_2 import MultitaskConfig

# Of several tasks these decide which recordings are used, and so what is tested.
_TRAINING = {
    "epochs",
    "optimizer",
    "scheduler",
    "checkpoint",
    "early_stopping",
    "batch_size",
    "freeze",
    "repeats",
    "sampler",
}


# How a stage trains, and not what.
TRAINING = frozenset({"epochs", "optimizer", "scheduler", "checkpoint", "early_stopping"})


class Texts:
    """Sections as text, each made once for all points that share it."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, frozenset[str]], tuple[BaseModel, str]] = {}

    def of(self, section: BaseModel | None, without: frozenset[str] = frozenset()) -> str:
        """All that a section says, but for these keys of it; equal texts are equal sections of one kind."""
        if section is None:
            return ""
        name = id(section), without
        if name not in self._known:  # the section is kept, so that nothing else gets its identity
            self._known[name] = section, section.model_dump_json(exclude=set(without))
        return self._known[name][1]


def pretraining_inputs(config: TwoStageConfig, texts: Texts) -> str:
    """All that a document says to its pretraining, but for the seed, as text: equal texts are one pretraining.

    Stage 2 counts as far as it keeps recordings away from stage 1: what it tests on, where that may be among what
    stage 1 reads, and what stage 1 reads where the document leaves that to the targets.
    """
    said = [texts.of(part) for part in (config.data, config.model, config.trainer, config.stage_1)]
    return "\n".join([*said, json.dumps(_beside(config), sort_keys=True)])


def _beside(config: TwoStageConfig) -> Any:
    stage_1, stage_2 = config.stage_1, config.stage_2
    if stage_1 is None or stage_2 is None:
        return None
    said: dict[str, Any] = {"start": stage_2.start}
    if isinstance(config.data_of(stage_1).split, TimeSplit):
        said["window"] = config.data_of(stage_2).window.length  # a gap holds a window of either stage
    tested = {system for target in stage_2.targets for system in target.ids}
    everything = any(target.everything for target in stage_2.targets)
    if stage_1.systems is not None and not everything and not tested & set(stage_1.systems):
        return said
    said |= stage_2.model_dump(mode="json", include={"targets", "adapt_mode", "unlabelled"})
    said["data"] = config.data_of(stage_2).model_dump(mode="json", include={"split", "window"})
    return said | (stage_2.model_dump(mode="json", exclude=_TRAINING) if isinstance(stage_2, MultitaskConfig) else {})
