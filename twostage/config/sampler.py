"""Samplers: which windows a training batch is made of."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from twostage.config.base import Component
from twostage.config.plugins import Family


class SamplerConfig(Component):
    """What every sampler has. Its class gets ``windows``, ``batch_size``, ``seed``, ``rank`` and ``world_size``."""

    kind: str


class Balanced(SamplerConfig):
    """Equally many windows of each system in every batch; those of small systems come several times in an epoch."""

    implementation: ClassVar[str] = "twostage.data.sampling:balanced"

    kind: Literal["balanced"] = "balanced"


class BalancedClasses(SamplerConfig):
    """Equally many windows of each class of each system in every batch; needs labels."""

    implementation: ClassVar[str] = "twostage.data.sampling:balanced_classes"

    kind: Literal["balanced_classes"] = "balanced_classes"


class Shuffled(SamplerConfig):
    """Every window once in an epoch, in an order that is drawn anew: large systems and classes are seen more often."""

    implementation: ClassVar[str] = "twostage.data.sampling:ShuffledBatches"

    kind: Literal["shuffled"] = "shuffled"


class OneSystem(SamplerConfig):
    """Every window once in an epoch, in batches of one system each, as PHM-Vibench drew them."""

    implementation: ClassVar[str] = "twostage.data.sampling:OneSystemBatches"

    kind: Literal["one_system"] = "one_system"


Sampler = Annotated[
    Balanced | BalancedClasses | Shuffled | OneSystem, Family("twostage.samplers", "kind", SamplerConfig)
]
