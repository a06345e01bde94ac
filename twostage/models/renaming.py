"""The names that PHM-Vibench gives to the tensors of the same models, in both directions.

In the tables, ``{}`` stands for the number of a layer or the id of a system, and a name that ends in a dot goes on with
one more word, which is the same on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from twostage.errors import TransferError
from twostage.models.renaming_heads import HEAD_PAIRS, head_pairs
from twostage.models.renaming_networks import NETWORK_NAMES, NETWORK_PAIRS
from twostage.models.renaming_outer import inside, join, join_legacy, split, split_legacy
from twostage.models.renaming_prompt import PAIRS, Pairs

State = dict[str, Tensor]


class Reshaped(NamedTuple):
    """A tensor that both sides hold in different shapes."""

    legacy: str
    ours: str
    from_legacy: Callable[[Tensor], Tensor]
    to_legacy: Callable[[Tensor], Tensor]


# legacy name, our name
_SAME_TENSOR = (
    ("embedding.linear1.", "embedding.linear1."),
    ("embedding.linear2.", "embedding.linear2."),
    *PAIRS,
    *NETWORK_PAIRS,
    *HEAD_PAIRS,
    ("backbone.Linear_Seasonal.", "backbone.seasonal."),
    ("backbone.Linear_Trend.", "backbone.trend."),
    ("backbone.encoder.attn_layers.{}.attention.out_projection.", "backbone.layers.{}.self_attn.out_proj."),
    ("backbone.encoder.attn_layers.{}.conv1.", "backbone.layers.{}.linear1."),
    ("backbone.encoder.attn_layers.{}.conv2.", "backbone.layers.{}.linear2."),
    ("backbone.encoder.attn_layers.{}.norm1.", "backbone.layers.{}.norm1."),
    ("backbone.encoder.attn_layers.{}.norm2.", "backbone.layers.{}.norm2."),
    ("backbone.encoder.norm.1.", "backbone.norm."),
    ("backbone.transformer_encoder.layers.{}.self_attn.", "backbone.encoder_layers.{}.self_attn."),
    ("backbone.transformer_encoder.layers.{}.self_attn.out_proj.", "backbone.encoder_layers.{}.self_attn.out_proj."),
    ("backbone.transformer_encoder.layers.{}.linear1.", "backbone.encoder_layers.{}.linear1."),
    ("backbone.transformer_encoder.layers.{}.linear2.", "backbone.encoder_layers.{}.linear2."),
    ("backbone.transformer_encoder.layers.{}.norm1.", "backbone.encoder_layers.{}.norm1."),
    ("backbone.transformer_encoder.layers.{}.norm2.", "backbone.encoder_layers.{}.norm2."),
    ("backbone.blocks.{}.conv.0.kernels.{}.", "backbone.blocks.{}.widen.kernels.{}."),
    ("backbone.blocks.{}.conv.2.kernels.{}.", "backbone.blocks.{}.narrow.kernels.{}."),
    ("backbone.fc0.", "backbone.lift."),
    ("backbone.fc1.", "backbone.lower."),
    ("backbone.conv_layers.{}.", "backbone.blocks.{}.local."),
    ("backbone.blocks.{}.norm1.g", "backbone.blocks.{}.norm1.gain"),
    ("backbone.blocks.{}.norm2.g", "backbone.blocks.{}.norm2.gain"),
    ("backbone.blocks.{}.attn.q_norm.g", "backbone.blocks.{}.attention.query_norm.gain"),
    ("backbone.blocks.{}.attn.k_norm.g", "backbone.blocks.{}.attention.key_norm.gain"),
    ("backbone.blocks.{}.attn.qkv.", "backbone.blocks.{}.attention.query_key_value."),
    ("backbone.blocks.{}.attn.proj.", "backbone.blocks.{}.attention.out."),
    ("backbone.blocks.{}.mlp.fc1.", "backbone.blocks.{}.perceptron.0."),
    ("backbone.blocks.{}.mlp.fc2.", "backbone.blocks.{}.perceptron.2."),
    ("backbone.blocks.{}.adaLN_modulation.1.", "backbone.blocks.{}.modulation."),
    ("task_head.mutiple_fc.{}.", "head.layers.{}."),
    ("task_head.proj_in.", "head.inward."),
    ("task_head.cross_att.q.", "head.query."),
    ("task_head.cross_att.kv.", "head.key_value."),
    ("task_head.cross_att.proj.", "head.attended."),
    ("task_head.mlp.", "head.outward."),
)
# A convolution over one position is a linear map.
_POSITION = (lambda weight: weight.squeeze(-1), lambda weight: weight.unsqueeze(-1))
# Class vectors are stored there as a batch of one.
_BATCH_OF_ONE = (lambda vectors: vectors.squeeze(0), lambda vectors: vectors.unsqueeze(0))
_COMPLEX = (torch.view_as_real, torch.view_as_complex)
# Theirs are complex, with the modes last; ours come mode by mode, the real parts before the imaginary ones.
_MODES_FIRST = (
    lambda weight: torch.view_as_real(weight).permute(2, 0, 3, 1).contiguous(),
    lambda weight: torch.view_as_complex(weight.permute(1, 3, 0, 2).contiguous()),
)
# These come before the table above.
_RESHAPED = (
    Reshaped("backbone.encoder.attn_layers.{}.conv1.weight", "backbone.layers.{}.linear1.weight", *_POSITION),
    Reshaped("backbone.encoder.attn_layers.{}.conv2.weight", "backbone.layers.{}.linear2.weight", *_POSITION),
    Reshaped("backbone.conv_layers.{}.weight", "backbone.blocks.{}.local.weight", *_POSITION),
    Reshaped("backbone.spectral_layers.{}.weights", "backbone.blocks.{}.spectrum", *_MODES_FIRST),
    *(
        Reshaped(
            f"signal_processing_layers.{{}}.signal_processing_modules.LNO.{theirs}",
            f"backbone.layers.{{}}.transforms.laplace.{ours}",
            *_COMPLEX,
        )
        for theirs, ours in (("weights_pole", "poles"), ("weights_residue", "residues"))
    ),
    Reshaped("task_head.category_tokes.{}", "head.classes.{}", *_BATCH_OF_ONE),
    Reshaped(
        "task_head.task_heads.classification.category_tokes.{}", "head.heads.classification.classes.{}", *_BATCH_OF_ONE
    ),
)
# Their three projections are our one, stacked in this order.
_STACKED = ("query", "key", "value")
_LEGACY_PROJECTION = re.compile(
    r"backbone\.encoder\.attn_layers\.(\d+)\.attention\.(query|key|value)_projection\.(\w+)"
)
_OUR_PROJECTION = re.compile(r"backbone\.layers\.(\d+)\.self_attn\.in_proj_(\w+)")


def from_legacy(state: Mapping[str, Tensor]) -> State:
    """Rename a PHM-Vibench state dict to ours. Raises TransferError for a name that has no counterpart."""
    inner, outer = split_legacy(state)
    return join(_from_legacy(inner), _from_legacy(outer))


def to_legacy(state: Mapping[str, Tensor]) -> State:
    """Rename our state dict to PHM-Vibench's. Raises TransferError for a name that has no counterpart."""
    inner, outer = split(state)
    return join_legacy(_to_legacy(inner), _to_legacy(outer))


def _from_legacy(state: Mapping[str, Tensor]) -> State:
    ours: State = {}
    for name, tensor in state.items():
        if match := _LEGACY_PROJECTION.fullmatch(name):
            stacked = f"backbone.layers.{match[1]}.self_attn.in_proj_{match[3]}"
            if stacked not in ours:
                ours[stacked] = _stack(state, match[1], match[3])
        elif reshaped := _reshaped_from_legacy(name, tensor):
            ours |= reshaped
        else:
            ours[_counterpart(name, _SAME_TENSOR)] = tensor
    return ours


@cache
def our_name(name: str) -> str | None:
    """What we call the tensor that a PHM-Vibench tensor becomes, or becomes a part of; None if there is none."""
    if match := _LEGACY_PROJECTION.fullmatch(name):
        return f"backbone.layers.{match[1]}.self_attn.in_proj_{match[3]}"
    rows = [*((row.legacy, row.ours) for row in _RESHAPED), *_SAME_TENSOR]
    return next((new for old, ours in rows if (new := _renamed(name, old, ours)) is not None), None)


def our_names(state: Mapping[str, Tensor]) -> dict[str, str]:
    """What we call each tensor of a PHM-Vibench state dict; those without a counterpart are left out."""
    inner, outer = split_legacy(state)
    named = {name: our_name(name) for name in inner}
    ours = {name: inside(new) if outer else new for name, new in named.items() if new is not None}
    beside = {name.removeprefix("embedding."): our_name(name) for name in outer}
    return ours | {name: new for name, new in beside.items() if new is not None}


def _to_legacy(state: Mapping[str, Tensor]) -> State:
    legacy: State = {}
    rows = [(ours, theirs) for theirs, ours in (*_of_its_network(state), *head_pairs(state), *_SAME_TENSOR)]
    for name, tensor in state.items():
        if match := _OUR_PROJECTION.fullmatch(name):
            for part, third in zip(_STACKED, tensor.chunk(3), strict=True):
                legacy[_legacy_projection(match[1], part, match[2])] = third
        elif reshaped := _reshaped_to_legacy(name, tensor):
            legacy |= reshaped
        else:
            legacy[_counterpart(name, rows)] = tensor
    return legacy


def _of_its_network(state: Mapping[str, Tensor]) -> Pairs:
    """The pairs of the complete network with all of these names: each called its classifier otherwise."""
    names = [name for name in state if name.startswith("backbone.")]
    rows = [row.ours for row in _RESHAPED]
    for pairs in NETWORK_NAMES.values():
        known = [*(ours for _, ours in pairs), *rows]
        if names and all(any(_renamed(name, each, each) is not None for each in known) for name in names):
            return pairs
    return ()


def _legacy_projection(layer: str, part: str, kind: str) -> str:
    return f"backbone.encoder.attn_layers.{layer}.attention.{part}_projection.{kind}"


def _stack(state: Mapping[str, Tensor], layer: str, kind: str) -> Tensor:
    names = [_legacy_projection(layer, part, kind) for part in _STACKED]
    if missing := [name for name in names if name not in state]:
        raise TransferError(f"Query, key and value belong together, but these are missing: {', '.join(missing)}.")
    return torch.cat([state[name] for name in names])


def _reshaped_from_legacy(name: str, tensor: Tensor) -> State:
    renamed = ((_renamed(name, row.legacy, row.ours), row) for row in _RESHAPED)
    return {new: row.from_legacy(tensor) for new, row in renamed if new is not None}


def _reshaped_to_legacy(name: str, tensor: Tensor) -> State:
    renamed = ((_renamed(name, row.ours, row.legacy), row) for row in _RESHAPED)
    return {new: row.to_legacy(tensor) for new, row in renamed if new is not None}


def _counterpart(name: str, rows: Iterable[tuple[str, str]]) -> str:
    for old, new in rows:
        if (renamed := _renamed(name, old, new)) is not None:
            return renamed
    raise TransferError(f"The tensor {name} has no counterpart among the models that both sides know.")


def _renamed(name: str, old: str, new: str) -> str | None:
    """``name`` in the words of ``new`` if it follows ``old``, and None if it does not."""
    match = _pattern(old).fullmatch(name)
    return None if match is None else (new + "{}" if old.endswith(".") else new).format(*match.groups())


@cache
def _pattern(old: str) -> re.Pattern[str]:
    return re.compile(re.escape(old).replace(r"\{\}", r"(\d+)") + (r"(\w+)" if old.endswith(".") else ""))
