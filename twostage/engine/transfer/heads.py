"""Heads that stage 2 takes over from a checkpoint, where their outputs stand for the same classes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from twostage.config.document import TwoStageConfig
from twostage.data.labels import LabelSpace
from twostage.engine.transfer.checkpoints import IMPORTED, Checkpoint
from twostage.engine.transfer.encoder import TransferReport, excepted, fits, some, transfer_encoder
from twostage.errors import TransferError

_HEAD = "head."
_OF_A_SYSTEM = re.compile(r"head\.(?:heads\.classification\.)?(?:layers|classes)\.(\d+)\b")


def hand_over(
    network: nn.Module, config: TwoStageConfig, start: Checkpoint, labels: LabelSpace | None
) -> TransferReport:
    """Load into ``network`` what stage 2 of a document takes over: the encoder, and heads where ``init`` says so.

    ``labels`` are those of the data, None where no label is read. Raises TransferError.
    """
    assert config.stage_2 is not None  # noqa: S101 - only adaptations start from a checkpoint
    exceptions = config.stage_2.transfer
    heads = _heads_of(start, network.state_dict(), exceptions.allow_new) if config.stage_2.loads_heads else {}
    report = transfer_encoder(network, config.model, start, exceptions, heads=heads)
    if heads and labels is not None:
        anew = {match[1] for name in report.new if (match := _OF_A_SYSTEM.match(name))}
        _refuse_other_labels(start, {s: each for s, each in labels.classes.items() if str(s) not in anew})
    return report


def _heads_of(checkpoint: Checkpoint, network: Mapping[str, Tensor], new: Sequence[str]) -> dict[str, Tensor]:
    """The saved tensors of every head of ``network``, a state dict; heads of other systems are left behind.

    Those that match a pattern of ``new`` may be missing or of another shape.
    """
    wanted = {name: tensor for name, tensor in network.items() if name.startswith(_HEAD)}
    saved = checkpoint.tensors
    misfits = {
        name: f"is {tuple(saved[name].shape)}, expected {tuple(tensor.shape)}" if name in saved else "is not there"
        for name, tensor in wanted.items()
        if not (name in saved and fits(tensor, saved[name])) and not excepted([name], new)
    }
    if misfits:
        raise TransferError(
            f"the heads of {checkpoint.path} do not fit: {some([f'{name} {why}' for name, why in misfits.items()])}. "
            "Write the kind and size of the head that it was saved with, name what may start anew under "
            "stage_2.transfer.allow_new, or write init.heads: new"
        )
    loaded = {name: saved[name] for name in wanted if name in saved and fits(wanted[name], saved[name])}
    if not loaded:
        raise TransferError(f"no tensor of a head of {checkpoint.path} was loaded; write init.heads: new")
    return loaded


def _refuse_other_labels(checkpoint: Checkpoint, labels: Mapping[int, tuple[int, ...]]) -> None:
    """An output says nothing of the label that it was trained for; only the checkpoint does."""
    for system, ours in labels.items():
        theirs = _labels_of(checkpoint, system, len(ours))
        if theirs != ours:
            raise TransferError(
                f"the head of {checkpoint.path} answers for the labels {_listed(theirs)} of system {system}, and its "
                f"labels here are {_listed(ours)}: the same outputs would mean other classes. Write init.heads: new"
            )


def _labels_of(checkpoint: Checkpoint, system: int, count: int) -> tuple[int, ...]:
    """What the outputs of a system's head stand for. A shared head answers for the same labels everywhere."""
    if checkpoint.stage == IMPORTED:  # the old project had an output for each number up to the highest label
        return tuple(range(count))
    everywhere = set(checkpoint.labels.values())
    return checkpoint.labels.get(system, everywhere.pop() if len(everywhere) == 1 else ())


def _listed(labels: Sequence[int]) -> str:
    return ", ".join(map(str, labels)) or "nobody knows which"
