"""Networks that are too large are refused before any memory is taken for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import nn

from twostage.config.base import Section
from twostage.config.model import ModelConfig
from twostage.config.stage import StageConfig
from twostage.errors import TrainingError
from twostage.models.network import Encoder, Network
from twostage.models.summary import parameters_of

# Weights, gradients and the two moments of Adam, in single precision.
_BYTES = 16
# Where a stage writes sizes of its network.
_SIZED = ("head", "projection", "tasks", "params")

Build = Callable[[StageConfig, ModelConfig], nn.Module]


def refuse_explosion(name: str, section: StageConfig, model: ModelConfig, head: Any, extra: Mapping[str, Any]) -> None:
    """Raise TrainingError when the network of a stage has more parameters than ``model.max_parameters``.

    ``head`` makes the head from section, model and ``extra``. Everything is built without values.
    """

    def built(section: StageConfig, model: ModelConfig) -> nn.Module:
        with torch.device("meta"):
            return Network(Encoder(model), head(section, model, **extra))

    network = built(section, model)
    total = parameters_of(network)
    if total <= model.max_parameters:
        return
    largest, tensor = max(network.named_parameters(), key=lambda each: each[1].numel())
    product = " x ".join(map(str, tensor.shape))
    raise TrainingError(
        f"{name} would have {total:,} parameters, more than model.max_parameters ({model.max_parameters:,}); training "
        f"them takes about {total * _BYTES / 1e9:,.1f} GB. The largest tensor is {largest}: {product} = "
        f"{tensor.numel():,}. {_advice(section, model, built, total)}, or raise model.max_parameters"
    )


def _advice(section: StageConfig, model: ModelConfig, built: Build, total: int) -> str:
    """The option that takes most away when it is halved."""
    best, text = total, "Make the model smaller"
    for key, value, changed_section, changed_model in _halved(section, model):
        try:
            left = parameters_of(built(changed_section, changed_model))
        except (ValueError, RuntimeError, AssertionError):  # sizes that do not fit one another
            continue
        if left < best:
            best, text = left, f"Make {key} smaller: {value} leaves {left:,}"
    return text


def _halved(section: StageConfig, model: ModelConfig) -> Iterator[tuple[str, int, StageConfig, ModelConfig]]:
    """Each whole number that sizes the network, and the document with half of it."""
    for name in ("embedding", "backbone", "network"):
        for path, value, changed in _smaller(getattr(model, name)):
            yield f"model.{name}.{path}", value, section, model.model_copy(update={name: changed})
    for name in _SIZED:
        for path, value, changed in _smaller(getattr(section, name, None)):
            yield f"{name}.{path}", value, section.model_copy(update={name: changed}), model


def _smaller(part: Any) -> Iterator[tuple[str, int, Any]]:
    if not isinstance(part, Section):
        return
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Section):
            for path, half, changed in _smaller(value):
                yield f"{name}.{path}", half, part.model_copy(update={name: changed})
        elif isinstance(value, int) and not isinstance(value, bool) and value > 1:
            yield name, value // 2, part.model_copy(update={name: value // 2})
