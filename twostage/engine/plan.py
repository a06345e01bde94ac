"""What a document asks for, as a list of trainings in the order in which they can run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from twostage.config.document import TwoStageConfig
from twostage.config.stage_2 import Target

Variant = Literal["pretrained", "from_scratch"]


@dataclass(frozen=True)
class PretrainStage:
    """Stage 1 for one seed."""

    config: TwoStageConfig
    seed: int

    @property
    def name(self) -> str:
        """Unique in the plan; also the stage's folder."""
        return f"stage_1/seed-{self.seed}"


@dataclass(frozen=True)
class AdaptStage:
    """Stage 2 for one seed, target and variant.

    It starts from the checkpoint of the stage named ``source``, from the file ``checkpoint``, or, with neither, from
    scratch.
    """

    config: TwoStageConfig
    seed: int
    target: Target
    variant: Variant
    source: str | None = None
    checkpoint: Path | None = None

    @property
    def name(self) -> str:
        """Unique in the plan; also the stage's folder."""
        return f"stage_2/seed-{self.seed}/{target_name(self.target)}/{self.variant}"


Stage = PretrainStage | AdaptStage


@dataclass(frozen=True)
class Plan:
    """The trainings of one document; a stage stands behind those that it starts from."""

    config: TwoStageConfig
    stages: tuple[Stage, ...]


def target_name(target: Target) -> str:
    """Folder name of a target, such as ``system-2`` or ``systems-1-5``."""
    ids = target.ids
    return f"system-{ids[0]}" if len(ids) == 1 else "systems-" + "-".join(map(str, ids))


def make_plan(config: TwoStageConfig) -> Plan:
    """One pretraining per seed; per seed and target one adaptation, and its control from scratch beside it."""
    return Plan(config, tuple(stage for seed in config.seeds for stage in _of_seed(config, seed)))


def _of_seed(config: TwoStageConfig, seed: int) -> Iterator[Stage]:
    source: str | None = None
    if config.stage_1 is not None:
        pretraining = PretrainStage(config, seed)
        source = pretraining.name
        yield pretraining
    if config.stage_2 is None:
        return
    checkpoint = None if config.stage_2.init is None else Path(config.stage_2.init.checkpoint)
    for target in config.stage_2.targets:
        if source or checkpoint:
            yield AdaptStage(config, seed, target, "pretrained", source, checkpoint)
        if config.stage_2.control == "from_scratch" or not (source or checkpoint):
            yield AdaptStage(config, seed, target, "from_scratch")
