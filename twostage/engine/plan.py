"""What a document asks for, as a list of trainings in the order in which they can run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from twostage.config.document import TwoStageConfig
from twostage.config.fan_out import backbones_of, repeat_seed, shots_of
from twostage.config.model import Backbone
from twostage.config.stage import StageConfig
from twostage.config.stage_2 import Target
from twostage.config.variants import variants_of

Variant = Literal["pretrained", "from_scratch"]


@dataclass(frozen=True)
class Branch:
    """Which of a document's alternatives a training belongs to; None where the document has no choice of that kind.

    ``seed`` is one of the document's seeds. A training draws from another one where it is a ``repeat``, counted from 0.
    """

    seed: int
    variant: str | None = None
    backbone: str | None = None
    repeat: int | None = None
    shots: int | None = None

    @property
    def folders(self) -> list[str]:
        """Folders between the number of the stage and its target."""
        variant = [] if self.variant is None else [f"variant-{self.variant}"]
        backbone = [] if self.backbone is None else [self.backbone]
        repeat = [] if self.repeat is None else [f"repeat-{self.repeat}"]
        return [*variant, *backbone, f"seed-{self.seed}", *repeat]


@dataclass(frozen=True)
class PretrainStage:
    """Stage 1 for one seed and backbone.

    ``config`` is the document of this training alone: of its variant, with its own ``model.backbone``. ``document`` is
    the one that was planned.
    """

    config: TwoStageConfig
    branch: Branch
    document: TwoStageConfig

    @property
    def seed(self) -> int:
        """What the training draws from."""
        return self.branch.seed

    @property
    def name(self) -> str:
        """Unique in the plan; also the stage's folder."""
        return "/".join(["stage_1", *self.branch.folders])


@dataclass(frozen=True)
class AdaptStage:
    """Stage 2 for one seed, backbone, target, number of shots and variant.

    It starts from the checkpoint of the stage named ``source``, from the file ``checkpoint``, or, with neither, from
    scratch. ``config`` and ``document`` are as in a pretraining; ``stage_2.shots`` has one entry.
    """

    config: TwoStageConfig
    branch: Branch
    document: TwoStageConfig
    target: Target
    variant: Variant
    source: str | None = None
    checkpoint: Path | None = None

    @property
    def seed(self) -> int:
        """What the training draws from: the seed of its branch, or that of a repeat."""
        return repeat_seed(self.branch.seed, self.branch.repeat or 0)

    @property
    def name(self) -> str:
        """Unique in the plan; also the stage's folder."""
        shots = [] if self.branch.shots is None else [f"shots-{self.branch.shots}"]
        return "/".join(["stage_2", *self.branch.folders, target_name(self.target), *shots, self.variant])


Stage = PretrainStage | AdaptStage


@dataclass(frozen=True)
class Plan:
    """The trainings of one document; a stage stands behind those that it starts from."""

    config: TwoStageConfig
    stages: tuple[Stage, ...]


def section_of(stage: Stage) -> StageConfig:
    """The section of the document that describes this stage."""
    section = stage.config.stage_1 if isinstance(stage, PretrainStage) else stage.config.stage_2
    assert section is not None  # noqa: S101 - the plan has such a stage for such documents only
    return section


def target_name(target: Target) -> str:
    """Folder name of a target, such as ``system-2``, ``systems-1-5`` or ``system-2/classification+rul_prediction``."""
    ids = ["all"] if target.everything else [str(id_) for id_ in target.ids]
    systems = f"system-{ids[0]}" if len(ids) == 1 and not target.everything else "-".join(["systems", *ids])
    return f"{systems}/{'+'.join(target.tasks)}" if target.tasks else systems


def make_plan(config: TwoStageConfig) -> Plan:
    """One pretraining per variant, backbone and seed.

    For each of them, each repeat, target and number of shots one adaptation, and its control from scratch beside it.
    """
    return Plan(config, tuple(_stages(config)))


def _stages(document: TwoStageConfig) -> Iterator[Stage]:
    for variant, config in variants_of(document):
        for name, backbone in backbones_of(config):
            own = _with_backbone(config, backbone)
            for seed in config.seeds:
                yield from _of_seed(own, Branch(seed, variant, name), document)


def _with_backbone(config: TwoStageConfig, backbone: Backbone) -> TwoStageConfig:
    """The document as if this were its only backbone and variant."""
    stage_1 = config.stage_1
    if stage_1 is not None and stage_1.backbones is not None:
        stage_1 = stage_1.model_copy(update={"backbones": None})
    model = config.model.model_copy(update={"backbone": backbone})
    return config.model_copy(update={"model": model, "stage_1": stage_1, "variants": None})


def _of_seed(config: TwoStageConfig, branch: Branch, document: TwoStageConfig) -> Iterator[Stage]:
    source: str | None = None
    if config.stage_1 is not None:
        pretraining = PretrainStage(config, branch, document)
        source = pretraining.name
        yield pretraining
    if config.stage_2 is None:
        return
    if config.stage_2.start == "from_scratch":
        source = None
    checkpoint = None if config.stage_2.init is None else Path(config.stage_2.init.checkpoint)
    for own, inner in _adaptations(config, branch):
        for target in config.stage_2.targets:
            if source or checkpoint:
                yield AdaptStage(own, inner, document, target, "pretrained", source, checkpoint)
            if config.stage_2.control == "from_scratch" or not (source or checkpoint):
                yield AdaptStage(own, inner, document, target, "from_scratch")


def _adaptations(config: TwoStageConfig, branch: Branch) -> Iterator[tuple[TwoStageConfig, Branch]]:
    """The document with one number of shots, for each repeat and number."""
    assert config.stage_2 is not None  # noqa: S101 - as its only caller has seen
    repeats, every = config.stage_2.repeats, shots_of(config)
    for repeat in range(repeats):
        for shots in every:
            inner = replace(branch, repeat=repeat if repeats > 1 else None, shots=shots if len(every) > 1 else None)
            one = {} if shots is None else {"shots": (shots,)}
            yield config.model_copy(update={"stage_2": config.stage_2.model_copy(update=one)}), inner
