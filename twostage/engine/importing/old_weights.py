"""Weights of the old project as tensors under its own plain names: nothing that a file holds is ever executed.

Lightning checkpoints and bare state dicts are read. What a checkpoint holds beside its tensors (settings, paths)
is rebuilt as empty objects of a class of ours, whatever class the file names; any other name in a file is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from twostage.engine.importing.old_heads import (
    CLASSIFICATION,
    TRUNK,
    Place,
    answering,
    place_of,
    plain_head,
    without_dropouts,
)
from twostage.errors import TransferError
from twostage.models.renaming import our_name
from twostage.models.renaming_prompt import IDLE

# Modules whose classes old checkpoints hold as settings: those of the old project, of Lightning, and of plain values.
_SETTINGS = re.compile(
    r"(src|argparse|types|pathlib|datetime|collections|numpy|pandas|lightning|lightning_fabric|pytorch_lightning)\..+"
)
_WRAPPERS = ("network.", "model.", "module.", "net.")
_STATES = ("state_dict", "model_state_dict")
_NO_PART = "no part of the network: neither embedding, backbone nor head"
_NETWORK = ("embedding.", "backbone.", "task_head.", "task_heads.", "_single_task_head.")


@dataclass(frozen=True)
class OldWeights:
    """Tensors under plain old names (``embedding.*``, ``backbone.*``, ``task_head*.*``), and what was left out.

    ``written`` gives the name in the file of each, ``left_out`` the reason for each of the file's other names.
    """

    tensors: Mapping[str, Tensor]
    written: Mapping[str, str]
    left_out: Mapping[str, str]
    shapes: Mapping[str, tuple[int, ...]]


def read_old_weights(
    path: Path, *, tasks: Collection[str] = (CLASSIFICATION,), outer_prompt: bool = False
) -> OldWeights:
    """Read a checkpoint of the old project: its encoder, and its heads for ``tasks``.

    ``outer_prompt`` is for the prompt that stood beside some embeddings. Raises TransferError, also for a file that
    asks for code to be run.
    """
    return plain_names(_state_of(path), tasks=tasks, outer_prompt=outer_prompt)


def plain_names(
    state: Mapping[str, Tensor], *, tasks: Collection[str] = (CLASSIFICATION,), outer_prompt: bool = False
) -> OldWeights:
    """The tensors without the names of what was wrapped around the network, one head for each of ``tasks``."""
    wrapper = _wrapper(state)
    inside = {name: name.removeprefix(wrapper) for name in state if name.startswith(wrapper)}
    numbered = without_dropouts(inside.values())
    inside = {name: numbered[plain] for name, plain in inside.items()}
    heads = answering(inside.values())
    tensors: dict[str, Tensor] = {}
    written: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name, tensor in state.items():
        plain = inside.get(name, "")
        place = place_of(plain)
        reason = _elsewhere(plain, outer_prompt=outer_prompt) if place is None else _idle(place, heads, tasks)
        if reason is not None:
            left_out[name] = reason
            continue
        plain = plain if place is None else plain_head(place, tasks)
        tensors[plain], written[plain] = tensor, name
    return OldWeights(tensors, written, left_out, {name: tuple(tensor.shape) for name, tensor in state.items()})


def _idle(place: Place, heads: Mapping[str, str], tasks: Collection[str]) -> str | None:
    """Why a head does not come in; None where it does."""
    if not tasks:
        return "a head, and the encoder alone was asked for"
    if place.task not in {*tasks, TRUNK}:
        return f"a head for {place.task}, which is no task of the document"
    answered = heads[place.task]
    return None if place.before == answered else f"a head beside {answered.removesuffix('.')}, which answered"


def _elsewhere(plain: str, *, outer_prompt: bool) -> str | None:
    """Why a tensor is no part of the network that is wanted; None where it is one."""
    if IDLE.fullmatch(plain):
        return None if outer_prompt else "a prompt beside the embedding; model.network.kind: isfm_prompt has one"
    return None if _of_the_network(plain) else _NO_PART


def _of_the_network(plain: str) -> bool:
    """Complete networks name their layers without a part in front."""
    return plain.startswith(_NETWORK) or our_name(plain) is not None


def _wrapper(state: Mapping[str, Tensor]) -> str:
    """What stands before the names of the network, such as ``network.`` or ``module.network.``."""
    wrapper = ""
    while not any(_of_the_network(name.removeprefix(wrapper)) for name in state if name.startswith(wrapper)):
        inner = next((each for each in _WRAPPERS if any(name.startswith(wrapper + each) for name in state)), None)
        if inner is None:
            raise TransferError(
                "the file holds no tensor named embedding.*, backbone.* or task_head.*, with or without network. in "
                f"front; it begins with {', '.join(list(state)[:3]) or 'nothing'}"
            )
        wrapper += inner
    return wrapper


def _state_of(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise TransferError(f"checkpoint {path} does not exist")
    content = _tensors_file(path) if path.suffix == ".safetensors" else _read(path)
    while isinstance(content, Mapping) and (inner := next((key for key in _STATES if key in content), None)):
        content = content[inner]
    if not isinstance(content, Mapping) or not content:
        raise TransferError(f"{path} holds no state dict: neither a Lightning checkpoint nor a mapping of tensors")
    strange = [str(name) for name, value in content.items() if not isinstance(value, Tensor)]
    if strange:
        raise TransferError(f"{path} holds no state dict: {strange[0]} is no tensor")
    return {str(name): tensor for name, tensor in content.items()}


def _tensors_file(path: Path) -> Any:
    try:
        return load_file(path)
    except SafetensorError as error:
        raise TransferError(f"{path} cannot be read as safetensors ({error})") from error


def _read(path: Path) -> Any:
    try:
        asked = _asked(path)
        if foreign := [name for name in asked if not _SETTINGS.fullmatch(name)]:
            raise TransferError(
                f"{path} is refused: to read it, {', '.join(sorted(foreign))} would have to be run, and weights "
                "need no code; nothing of the file was run. If you trust it, open it with torch.load where those "
                "packages are installed, and save its entry state_dict alone with torch.save"
            )
        with safe_globals([(_Settings, name) for name in asked]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, OSError, ValueError, KeyError, TypeError, IndexError) as error:
        told = str(error).splitlines() or [type(error).__name__]
        raise TransferError(
            f"{path} cannot be read as weights alone ({told[0]}); it is damaged, cut short, of another kind, or asks "
            "for code to be run, which is never done"
        ) from error


def _asked(path: Path) -> list[str]:
    """The classes and functions that a file names beyond those of tensors; torch lists them without calling any."""
    try:
        return get_unsafe_globals_in_checkpoint(path)
    except ValueError:  # a file of torch before 1.6, which can only be read without settings
        return []


class _Settings:
    """Stands for any object of settings. It takes whatever the file says, and keeps none of it."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        return super().__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass
