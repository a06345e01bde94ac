"""The names that PHM-Vibench gives to the tensors of the same models, in both directions.

``{}`` stands for the number of a layer or the id of a system.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from twostage.errors import TransferError
from twostage.models.renaming_prompt import PAIRS

State = dict[str, Tensor]

# legacy prefix, our prefix
_SAME_TENSOR = (
    ("embedding.linear1.", "embedding.linear1."),
    ("embedding.linear2.", "embedding.linear2."),
    *PAIRS,
    ("backbone.Linear_Seasonal.", "backbone.seasonal."),
    ("backbone.Linear_Trend.", "backbone.trend."),
    ("backbone.encoder.attn_layers.{}.attention.out_projection.", "backbone.layers.{}.self_attn.out_proj."),
    ("backbone.encoder.attn_layers.{}.conv1.", "backbone.layers.{}.linear1."),
    ("backbone.encoder.attn_layers.{}.conv2.", "backbone.layers.{}.linear2."),
    ("backbone.encoder.attn_layers.{}.norm1.", "backbone.layers.{}.norm1."),
    ("backbone.encoder.attn_layers.{}.norm2.", "backbone.layers.{}.norm2."),
    ("backbone.encoder.norm.1.", "backbone.norm."),
    ("task_head.mutiple_fc.{}.", "head.layers.{}."),
)
# Their three projections are our one, stacked in this order.
_STACKED = ("query", "key", "value")
_LEGACY_PROJECTION = re.compile(
    r"backbone\.encoder\.attn_layers\.(\d+)\.attention\.(query|key|value)_projection\.(\w+)"
)
_OUR_PROJECTION = re.compile(r"backbone\.layers\.(\d+)\.self_attn\.in_proj_(\w+)")
_LEGACY_CONVOLUTION = re.compile(r"backbone\.encoder\.attn_layers\.\d+\.conv[12]\.weight")


def from_legacy(state: Mapping[str, Tensor]) -> State:
    """Rename a PHM-Vibench state dict to ours. Raises TransferError for a name that has no counterpart."""
    ours: State = {}
    for name, tensor in state.items():
        if match := _LEGACY_PROJECTION.fullmatch(name):
            stacked = f"backbone.layers.{match[1]}.self_attn.in_proj_{match[3]}"
            if stacked not in ours:
                ours[stacked] = _stack(state, match[1], match[3])
        else:
            ours[_renamed(name, _SAME_TENSOR)] = tensor.squeeze(-1) if _LEGACY_CONVOLUTION.fullmatch(name) else tensor
    return ours


def to_legacy(state: Mapping[str, Tensor]) -> State:
    """Rename our state dict to PHM-Vibench's. Raises TransferError for a name that has no counterpart."""
    legacy: State = {}
    for name, tensor in state.items():
        if match := _OUR_PROJECTION.fullmatch(name):
            for part, third in zip(_STACKED, tensor.chunk(3), strict=True):
                legacy[_legacy_projection(match[1], part, match[2])] = third
        else:
            theirs = _renamed(name, ((ours, legacy) for legacy, ours in _SAME_TENSOR))
            legacy[theirs] = tensor.unsqueeze(-1) if _LEGACY_CONVOLUTION.fullmatch(theirs) else tensor
    return legacy


def _legacy_projection(layer: str, part: str, kind: str) -> str:
    return f"backbone.encoder.attn_layers.{layer}.attention.{part}_projection.{kind}"


def _stack(state: Mapping[str, Tensor], layer: str, kind: str) -> Tensor:
    names = [_legacy_projection(layer, part, kind) for part in _STACKED]
    if missing := [name for name in names if name not in state]:
        raise TransferError(f"Query, key and value belong together, but these are missing: {', '.join(missing)}.")
    return torch.cat([state[name] for name in names])


def _renamed(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    for old, new in pairs:
        if match := re.fullmatch(re.escape(old).replace(r"\{\}", r"(\d+)") + r"(\w+)", name):
            *number, kind = match.groups()
            return new.format(*number) + kind
    raise TransferError(f"The tensor {name} has no counterpart among the models that both sides know.")
