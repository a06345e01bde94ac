"""How many trainings a document asks for: one for each seed, repeat, backbone, target and number of shots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from twostage.config.base import Section
from twostage.config.model import Backbone, ModelConfig
from twostage.config.stage_2.controls import Control

if TYPE_CHECKING:
    from twostage.config.document import TwoStageConfig

Start = Literal["pretrained"] | Control
SEED_RANGE = 1 << 32
_BACKBONE: TypeAdapter[Backbone] = TypeAdapter(Backbone, config=ConfigDict(defer_build=True))
# An odd number near SEED_RANGE divided by the golden ratio: its multiples keep far away from one another and from the
# small numbers that people write as seeds (Knuth, The Art of Computer Programming 3, section 6.4).
_STRIDE = 0x9E3779B1


def repeat_seed(seed: int, repeat: int) -> int:
    """Seed of a repeat, counted from 0; repeat 0 keeps the seed. Depends on nothing else."""
    return (seed + repeat * _STRIDE) % SEED_RANGE


def colliding_seeds(seeds: Sequence[int], repeats: int) -> tuple[int, int] | None:
    """Two seeds of a document of which a repeat of one draws like one of the other; None where all are distinct."""
    owner: dict[int, int] = {}
    for seed in seeds:
        for repeat in range(repeats):
            other = owner.setdefault(repeat_seed(seed, repeat), seed)
            if other != seed:
                return other, seed
    return None


def backbone_names(backbones: Sequence[Backbone]) -> list[str]:
    """A name for each: its kind, with a number behind it where a kind stands several times."""
    kinds = [backbone.kind for backbone in backbones]
    return [
        kind if kinds.count(kind) == 1 else f"{kind}-{kinds[: position + 1].count(kind)}"
        for position, kind in enumerate(kinds)
    ]


def backbones_of(config: TwoStageConfig) -> Iterator[tuple[str | None, Backbone | None]]:
    """The backbones that a document compares, with their names; its only one has no name.

    A complete network is one without a name and without a backbone.
    """
    compared: tuple[Backbone, ...] = getattr(config.stage_1, "backbones", None) or ()
    if len(compared) > 1:
        yield from zip(backbone_names(compared), compared, strict=True)
    else:
        yield None, compared[0] if compared else config.model.backbone


def with_backbone(config: TwoStageConfig, backbone: Backbone | None) -> TwoStageConfig:
    """The document as if this were its only backbone and variant."""
    stage_1 = config.stage_1
    if stage_1 is not None and stage_1.backbones is not None:
        stage_1 = stage_1.model_copy(update={"backbones": None})
    same = backbone is config.model.backbone
    model = config.model if same else config.model.model_copy(update={"backbone": backbone})
    return config.model_copy(update={"model": model, "stage_1": stage_1, "variants": None, "sweep": None})


def shots_of(config: TwoStageConfig) -> tuple[int | None, ...]:
    """The numbers of shots that a document adapts with; (None,) where it has no shots."""
    return getattr(config.stage_2, "shots", None) or (None,)


def starts_of(config: TwoStageConfig) -> tuple[Start, ...]:
    """Adaptations beside one another that differ by what they start from: the one that is asked for, then controls."""
    stage_2 = config.stage_2
    if stage_2 is None:
        return ()
    pretrained = stage_2.start == "pretrained" and (config.stage_1 is not None or stage_2.init is not None)
    first: Start = "pretrained" if pretrained else "from_scratch"
    return first, *(control for control in stage_2.controls if control != first)


def with_first_backbone(written: Any) -> Any:
    """The document as written; with the first of ``stage_1.backbones`` as ``model.backbone`` where that is left out."""
    if not isinstance(written, dict):
        return written
    backbones, model = _entry(written.get("stage_1"), "backbones"), written.get("model", {})
    if not isinstance(backbones, list | tuple) or not backbones or _entry(model, "backbone") is not None:
        return written
    try:
        first = _BACKBONE.validate_python(backbones[0])
    except ValidationError:
        return written  # told where it stands
    if isinstance(model, ModelConfig):
        return written | {"model": model.model_copy(update={"backbone": first})}
    return written | {"model": model | {"backbone": first}} if isinstance(model, dict) else written


def _entry(section: Any, name: str) -> Any:
    """What is written under a key of a section or of plain data; None where nothing is."""
    if isinstance(section, Section):
        return getattr(section, name, None) if name in section.model_fields_set else None
    return section.get(name) if isinstance(section, dict) else None
