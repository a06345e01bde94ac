"""The size of networks, without the memory for them."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import torch
from torch import nn

from twostage.components import build, implementation_of
from twostage.config import model as configs
from twostage.config.base import Component
from twostage.models.network import Encoder, Network

# Sizes that belong to the tokens, and so to every embedding alike.
_OF_TOKENS = ("patch_length", "patch_channels", "patches", "dim")
# What a forecast is counted with.
_FORECAST = {"length": 64, "channels": 1}


def count_parameters(
    config: configs.ModelConfig, classes: Mapping[int, int], head: Component | None = None
) -> dict[str, int]:
    """Count the trainable numbers of each part of a classifier, and in total, for ``classes`` per system id."""
    with torch.device("meta"):
        made = build(head or configs.LinearHead(), dim=config.dim, classes=classes)
        network = Network(Encoder(config), made)
    counts = {name: parameters_of(part) for name, part in network.named_children()}
    return {**counts, "total": sum(counts.values())}


def count_alone(kind: type[Component], model: configs.ModelConfig, classes: Mapping[int, int]) -> int | str:
    """Parameters of one model at the sizes of ``model``, or the reason why it does not fit them.

    The one that ``model`` has keeps its options; any other takes its defaults.
    """
    with_defaults: Any = kind
    if issubclass(kind, configs.NetworkConfig):
        return _network(kind, model)
    if model.complete is not None:
        model = configs.ModelConfig()  # sizes of tokens that parts can be counted with
    if issubclass(kind, configs.EmbeddingConfig):
        return _count(_embedding(kind, model))
    if issubclass(kind, configs.BackboneConfig):
        chosen = model.backbone if isinstance(model.backbone, kind) else with_defaults()
        dim, patches = model.dim, model.patches
        return chosen.misfit(dim=dim, patches=patches) or _count(chosen, dim=dim, patches=patches)
    return _head(with_defaults(), model, classes)


def parameters_of(module: nn.Module) -> int:
    """The numbers that a module holds as parameters; a complex one counts once."""
    return sum(parameter.numel() for parameter in module.parameters())


def _head(head: Component, model: configs.ModelConfig, classes: Mapping[int, int]) -> int | str:
    """Parameters of a head with the sizes that its class asks for."""
    reason = head.misfit(dim=model.dim) if isinstance(head, configs.HeadConfig) else None
    sizes = {"dim": model.dim, "patches": model.patches, "classes": classes, **_FORECAST}
    asked = signature(implementation_of(head)).parameters
    return reason or _count(head, **{name: size for name, size in sizes.items() if name in asked})


def _network(kind: type[configs.NetworkConfig], model: configs.ModelConfig) -> int:
    """Parameters of an encoder of this kind; of one of two parts at the sizes that the document gives, or defaults."""
    with_defaults: Any = kind
    parts = {} if model.complete or issubclass(kind, configs.CompleteNetwork) else dict(model)
    chosen = model if isinstance(model.network, kind) else configs.ModelConfig(**parts | {"network": with_defaults()})
    with torch.device("meta"):
        return parameters_of(Encoder(chosen))


def _embedding(kind: type[configs.EmbeddingConfig], model: configs.ModelConfig) -> configs.EmbeddingConfig:
    if isinstance(model.embedding, kind):
        return model.embedding
    sizes = {name: getattr(model.embedding, name, None) for name in _OF_TOKENS if name in kind.model_fields}
    return kind(**{name: value for name, value in sizes.items() if value is not None})


def _count(config: Component, **sizes: Any) -> int:
    with torch.device("meta"):
        return parameters_of(build(config, **sizes))
