"""A prompt that the network adds to any embedding: its tensors stood beside the embedding, and stand within it here.

Each direction takes such a state apart, so that the embedding and the prompt are each renamed by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

State = dict[str, Tensor]

_PARTS = ("prompt_encoder.", "prompt_fusion.")
_OUR_PROMPT, _OUR_SIGNAL = "embedding.prompt.", "embedding.signal."


def split_legacy(state: Mapping[str, Tensor]) -> tuple[State, State]:
    """What is no outer prompt, and the outer prompt as if it were the embedding's; empty where there is none."""
    if any(name.startswith("embedding.prompt_") for name in state):
        return dict(state), {}  # the embedding has a prompt of its own
    outer = {f"embedding.{name}": tensor for name, tensor in state.items() if name.startswith(_PARTS)}
    return {name: tensor for name, tensor in state.items() if not name.startswith(_PARTS)}, outer


def join(inner: State, outer: State) -> State:
    """Our state: the embedding within the one that has the prompt."""
    if not outer:
        return inner
    return {inside(name): tensor for name, tensor in inner.items()} | outer


def inside(name: str) -> str:
    """The name of a tensor beside which there is an outer prompt: the embedding lies within it."""
    return _moved(name, "embedding.", _OUR_SIGNAL)


def split(state: Mapping[str, Tensor]) -> tuple[State, State]:
    """What is no outer prompt, and the outer prompt; an embedding with a prompt of its own also has a norm."""
    if "embedding.norm.weight" in state or not any(name.startswith(f"{_OUR_PROMPT}encoder.") for name in state):
        return dict(state), {}
    outer = {name: tensor for name, tensor in state.items() if name.startswith(_OUR_PROMPT)}
    inner = {name: tensor for name, tensor in state.items() if not name.startswith(_OUR_PROMPT)}
    return {_moved(name, _OUR_SIGNAL, "embedding."): tensor for name, tensor in inner.items()}, outer


def join_legacy(inner: State, outer: State) -> State:
    """The legacy state: the prompt beside the embedding."""
    return inner | {name.removeprefix("embedding."): tensor for name, tensor in outer.items()}


def _moved(name: str, old: str, new: str) -> str:
    return new + name.removeprefix(old) if name.startswith(old) else name
