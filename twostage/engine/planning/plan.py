"""What a document asks for, as a list of trainings in the order in which they can run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from twostage.config.document import TwoStageConfig
from twostage.config.fan_out import Start, backbones_of, repeat_seed, shots_of, starts_of, with_backbone
from twostage.config.garbage import no_garbage
from twostage.config.points import Point
from twostage.config.sharing import Texts, pretraining_inputs
from twostage.config.stage import StageConfig
from twostage.config.stage_2 import Target
from twostage.config.variants import expanded

Variant = Start


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
    the one that was planned. Variants that agree on all that a pretraining depends on share it: its branch is that of
    the first of them, and ``label`` stands in its name for what they have in common.
    """

    config: TwoStageConfig
    branch: Branch
    document: TwoStageConfig
    label: str | None = None

    @property
    def seed(self) -> int:
        """What the training draws from."""
        return self.branch.seed

    @cached_property
    def name(self) -> str:
        """Unique in the plan; also the stage's folder."""
        return "/".join(["stage_1", *replace(self.branch, variant=self.label).folders])


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

    @cached_property
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


def is_trivial(stage: Stage) -> bool:
    """Whether linear models on band energies stand in the place of the network."""
    return isinstance(stage, AdaptStage) and stage.variant == "trivial"


def trains(stage: Stage) -> bool:
    """Whether a network of this stage trains; else it has no epochs."""
    return not is_trivial(stage) and section_of(stage).trains


def target_name(target: Target) -> str:
    """Folder name of a target, such as ``system-2``, ``systems-1-5`` or ``system-2/classification+rul_prediction``."""
    ids = ["all"] if target.everything else [str(id_) for id_ in target.ids]
    systems = f"system-{ids[0]}" if len(ids) == 1 and not target.everything else "-".join(["systems", *ids])
    return f"{systems}/{'+'.join(target.tasks)}" if target.tasks else systems


def make_plan(config: TwoStageConfig) -> Plan:
    """One pretraining per variant, backbone and seed; variants that change nothing of it share it.

    For each of them, each repeat, target and number of shots one adaptation, and its controls beside it.
    """
    with no_garbage():
        return Plan(config, tuple(_stages(config)))


def _stages(document: TwoStageConfig) -> Iterator[Stage]:
    families = list(_families(document))
    labels = _labels(families)
    known: set[str] = set()
    for family in families:
        by_shots = _by_shots(family.config)
        for seed in family.config.seeds:
            branch = Branch(seed, family.point.name if family.point and family.point.parts else None, family.backbone)
            pretraining = None
            if family.inputs is not None:
                pretraining = PretrainStage(family.config, branch, document, labels[family.inputs])
                if pretraining.name not in known:
                    known.add(pretraining.name)
                    yield pretraining
            yield from _of_seed(by_shots, branch, document, pretraining)


@dataclass(frozen=True)
class _Family:
    """The document of one point with one backbone; ``inputs`` are those of its pretraining, None without one."""

    point: Point | None
    backbone: str | None
    config: TwoStageConfig
    inputs: str | None


def _families(document: TwoStageConfig) -> Iterator[_Family]:
    texts = Texts()
    for point, config in expanded(document):
        for name, backbone in backbones_of(config):
            own = with_backbone(config, backbone)
            yield _Family(point, name, own, None if own.stage_1 is None else pretraining_inputs(own, texts))


def _labels(families: Sequence[_Family]) -> dict[str, str | None]:
    """What stands for the point in the name of each pretraining: the parts that all points share which start from it.

    So the pretraining of a sweep over stage 2 alone has a plain name. Where that does not tell pretrainings apart,
    each has the name of its first point.
    """
    sharing: dict[str, list[_Family]] = {}
    for family in families:
        sharing.setdefault(family.inputs or "", []).append(family)
    common = {inputs: _common(mine) for inputs, mine in sharing.items()}
    distinct = {(common[inputs], mine[0].backbone) for inputs, mine in sharing.items()}
    if len(distinct) == len(sharing):
        return {inputs: "_".join(parts) or None for inputs, parts in common.items()}
    return {inputs: mine[0].point.name if mine[0].point else None for inputs, mine in sharing.items()}


def _common(families: Sequence[_Family]) -> tuple[str, ...]:
    parts = [() if family.point is None else family.point.parts for family in families]
    return tuple(part for place, part in enumerate(parts[0]) if all(each[place] == part for each in parts))


def _by_shots(config: TwoStageConfig) -> list[_Shots]:
    """The document for each number of shots and each start; the same objects for all seeds, repeats and targets."""
    if config.stage_2 is None:
        return []
    every = shots_of(config)
    found = []
    for shots in every:
        one = {} if shots is None else {"shots": (shots,)}
        own = config.model_copy(update={"stage_2": config.stage_2.model_copy(update=one)})
        starts = tuple((start, _as_control(own, start)) for start in starts_of(config))
        found.append(_Shots(shots if len(every) > 1 else None, own, starts))
    return found


@dataclass(frozen=True)
class _Shots:
    """One number of shots: the document with it alone, and as each of its starts has it."""

    shots: int | None
    config: TwoStageConfig
    starts: tuple[tuple[Start, TwoStageConfig], ...]


def _of_seed(
    by_shots: Sequence[_Shots], branch: Branch, document: TwoStageConfig, pretraining: PretrainStage | None
) -> Iterator[Stage]:
    source = None if pretraining is None else pretraining.name
    for each, inner in _adaptations(by_shots, branch):
        stage_2 = each.config.stage_2
        assert stage_2 is not None  # noqa: S101 - it has shots only where it is there
        checkpoint = None if stage_2.init is None else Path(stage_2.init.checkpoint)
        for target in stage_2.targets:
            for start, config in each.starts:
                origin = (source, checkpoint) if start == "pretrained" else (None, None)
                yield AdaptStage(config, inner, document, target, start, *origin)


def _as_control(config: TwoStageConfig, start: Start) -> TwoStageConfig:
    """The document of one adaptation; of an untrained encoder it keeps every part."""
    if start != "untrained" or config.stage_2 is None:
        return config
    return config.model_copy(update={"stage_2": config.stage_2.as_untrained()})


def _adaptations(by_shots: Sequence[_Shots], branch: Branch) -> Iterator[tuple[_Shots, Branch]]:
    """Each number of shots, for each repeat."""
    for repeat in range(_repeats(by_shots)):
        for each in by_shots:
            number = repeat if _repeats(by_shots) > 1 else None
            yield each, replace(branch, repeat=number, shots=each.shots)


def _repeats(by_shots: Sequence[_Shots]) -> int:
    stage_2 = by_shots[0].config.stage_2 if by_shots else None
    return 0 if stage_2 is None else stage_2.repeats
