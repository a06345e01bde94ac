"""What can stand in a document by its kind: our components and those of installed packages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twostage.config.augmentation import Augmentation
from twostage.config.base import Component
from twostage.config.checking.shapes import Shape, root_shape
from twostage.config.checking.suggest import nearest_name
from twostage.config.checking.words import choice, expected_words
from twostage.config.model import Backbone, ClassificationHead, Embedding, Network
from twostage.config.model.task_heads import AlarmHead, ForecastHead, LifeHead, MultitaskTrunk
from twostage.config.plugins import members, package_of, tags_of
from twostage.config.sampler import Sampler
from twostage.config.source import Source
from twostage.config.stage_1 import Projection, Stage1Config
from twostage.config.stage_1.metric_losses import MetricLoss
from twostage.config.stage_2 import Stage2Config
from twostage.errors import TwoStageError


@dataclass(frozen=True)
class Role:
    """What a component is for: the union of those that there are, and a key under which one is written."""

    name: str
    union: Any
    key: str
    is_model: bool = False


ROLES = (
    Role("network", Network, "model.network", is_model=True),
    Role("embedding", Embedding, "model.embedding", is_model=True),
    Role("backbone", Backbone, "model.backbone", is_model=True),
    Role("head", ClassificationHead, "stage_2.head", is_model=True),
    Role("head of a life", LifeHead, "stage_2.tasks.rul_prediction.head", is_model=True),
    Role("head of alarms", AlarmHead, "stage_2.tasks.anomaly_detection.head", is_model=True),
    Role("head of forecasts", ForecastHead, "stage_2.tasks.signal_prediction.head", is_model=True),
    Role("projection", Projection, "stage_1.projection", is_model=True),
    Role("trunk of heads", MultitaskTrunk, "stage_2.trunk", is_model=True),
    Role("source", Source, "data.source"),
    Role("sampler", Sampler, "stage_1.sampler"),
    Role("augmentation", Augmentation, "stage_1.augmentations[]"),
    Role("metric loss", MetricLoss, "stage_1.metric"),
    Role("pretraining", Stage1Config, "stage_1"),
    Role("adaptation", Stage2Config, "stage_2"),
)


class UnknownKindError(TwoStageError):
    """No component is called so."""


@dataclass(frozen=True)
class Entry:
    """A component that a document can name: its role, what chooses it, and its config."""

    role: Role
    kind: str
    config: type[Component]

    @property
    def summary(self) -> str:
        """The first sentence of what the config says of itself."""
        text = " ".join((self.config.__doc__ or "").split("\n\n")[0].split())
        return text if text.endswith(".") else f"{text}."

    @property
    def package(self) -> str | None:
        """The installed package that adds it, with its version; None for ours."""
        return package_of(self.config)


@dataclass(frozen=True)
class Option:
    """A key of a component: what may stand there, what stands there by default, and what it means."""

    name: str
    expected: str
    default: Any
    required: bool
    meaning: str


def entries(*, everything: bool = False) -> Iterator[Entry]:
    """The models by role; with ``everything`` also data sources, augmentations, losses and objectives."""
    for role in ROLES:
        if everything or role.is_model:
            for kind, config in _members(role).items():
                yield Entry(role, kind, config)


def _members(role: Role) -> dict[str, type[Component]]:
    """By kind; a role that has one component has it without a union."""
    chosen: Any = role.union
    alone = isinstance(chosen, type)
    return dict.fromkeys(tags_of(chosen, "kind") or (role.name,), chosen) if alone else members(chosen)


def find(kind: str) -> list[Entry]:
    """Every component of that kind, or with that old name. Raises UnknownKindError, with the nearest name."""
    every = list(entries(everything=True))
    if found := [entry for entry in every if kind in {entry.kind, entry.config.legacy}]:
        return found
    near = nearest_name(kind, dict.fromkeys(entry.kind for entry in every))
    listed = choice([entry.kind for entry in every if entry.role.is_model])
    raise UnknownKindError(
        f"there is no model {kind!r}; " + (f"did you mean {near}?" if near else f"there are {listed}")
    )


def options(entry: Entry) -> list[Option]:
    """The keys of a component, its tag aside, in their order; those of a section inside it are dotted."""
    shape = _shape(entry.role.key)
    return list(_options(shape.tags.get(entry.kind, shape), ""))


def _options(shape: Shape, prefix: str) -> Iterator[Option]:
    required = {name for schema in shape.schemas for name in schema.get("required", ())}
    for name, below in shape.properties.items():
        if any("const" in schema for schema in below.schemas):
            continue
        inner = below.properties if not below.tags else {}
        yield Option(f"{prefix}{name}", expected_words(below), below.default, name in required, _meaning(below))
        if inner:
            yield from _options(below, f"{prefix}{name}.")


def _shape(key: str) -> Shape:
    shape = root_shape()
    for part in key.split("."):
        shape = shape.properties[part.removesuffix("[]")]
        if part.endswith("[]"):
            item = shape.item(0)
            assert item is not None  # noqa: S101 - roles name lists so
            shape = item
    return shape


def _meaning(shape: Shape) -> str:
    text = next((schema["description"] for schema in shape.schemas if "description" in schema), "")
    return " ".join(text.split("\n\n")[0].split())
