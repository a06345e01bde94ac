"""Whether heads of a file have the sizes that the document would give them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn

from twostage.components import build, implementation_of
from twostage.config.base import Component
from twostage.config.document import TwoStageConfig
from twostage.config.model import ModelConfig
from twostage.config.stage_2 import FinetuneConfig, MultitaskConfig, TaskName

_OF_A_SYSTEM = re.compile(r"(?:layers|classes)\.(\d+)(?:\..+)?")

State = Mapping[str, Tensor]


def head_misfits(config: TwoStageConfig, model: ModelConfig, tensors: State) -> list[str]:
    """Tensors whose head is of the document's kind and of another size. Which systems and classes is the file's say."""
    found: list[str] = []
    with torch.device("meta"):
        for prefix, wanted in _wanted(config, model, tensors):
            theirs = _under(prefix, tensors)
            if theirs.keys() == wanted.keys():
                found += [
                    f"{prefix}{name} is {shape_text(theirs[name])}, expected {shape_text(tensor)}"
                    for name, tensor in wanted.items()
                    if theirs[name].shape != tensor.shape
                ]
    return found


def shape_text(tensor: Tensor) -> str:
    """The shape of a tensor, and its type where that is not the usual one."""
    shape = f"({', '.join(map(str, tensor.shape))})"
    return shape if tensor.dtype is torch.float32 else f"{shape} {str(tensor.dtype).removeprefix('torch.')}"


def _wanted(config: TwoStageConfig, model: ModelConfig, tensors: State) -> Iterator[tuple[str, State]]:
    """What stands before the names of each head, and the tensors that it would have."""
    stage = config.stage_2
    if isinstance(stage, FinetuneConfig):
        yield "head.", _state(stage.head, "head.", tensors, dim=model.dim)
    if not isinstance(stage, MultitaskConfig):
        return
    if stage.trunk is not None:
        yield "head.trunk.", build(stage.trunk, dim=model.dim).state_dict()
    above = model.dim if stage.trunk is None else stage.trunk.hidden
    tasks: dict[TaskName, Any] = dict(stage.tasks.written)
    for task, written in tasks.items():
        prefix, length = f"head.heads.{task}.", getattr(written, "length", None)
        dim = above if length is None else model.dim  # a forecast is made beside the trunk
        sizes = {"dim": dim, "patches": model.patches, "length": length}
        yield prefix, _state(written.head, prefix, tensors, **sizes)


def _state(head: Component, prefix: str, tensors: State, **sizes: int | None) -> State:
    """The tensors of a head of the document, for the systems and channels of the file's head; none without classes."""
    theirs = _under(prefix, tensors)
    length = sizes.get("length") or 1
    channels = max(1, len(theirs["bias"]) // length) if "bias" in theirs else 1
    known: dict[str, Any] = {**sizes, "classes": _classes(theirs), "channels": channels}
    asked = signature(implementation_of(head)).parameters
    if "classes" in asked and not known["classes"]:
        return {}
    made: nn.Module = build(head, **{name: size for name, size in known.items() if name in asked})
    return made.state_dict()


def _under(prefix: str, tensors: State) -> State:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _classes(theirs: State) -> dict[int, int]:
    """How many classes each system has: the length of the last of its tensors."""
    named = ((_OF_A_SYSTEM.fullmatch(name), tensor) for name, tensor in theirs.items())
    return {int(match[1]): len(tensor) for match, tensor in named if match is not None}
