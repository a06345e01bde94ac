"""The hand-over from stage 1 to stage 2: every tensor accounted for, and proved by digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import Any

from torch import Tensor, nn

from twostage.config.model import ModelConfig
from twostage.config.stage_2 import Transfer
from twostage.engine.transfer.checkpoints import Checkpoint
from twostage.engine.transfer.digest import tensors_digest
from twostage.errors import TransferError
from twostage.models.network import encoder_state

_SHOWN = 4
# What changes the encoder's function and leaves no trace in the names and shapes of its tensors.
UNSEEN = (
    "embedding.patch_length",
    "embedding.patch_channels",
    "embedding.patches",
    "embedding.activation",
    "backbone.heads",
    "backbone.activation",
    "backbone.window",
    "backbone.periods",
    "backbone.period_choice",
)


@dataclass(frozen=True)
class TransferReport:
    """What became of every tensor between the stages.

    ``loaded`` came from the checkpoint; ``new`` starts from its initialisation (what the document excepts, and heads
    that it does not load); ``frozen`` will not train. ``missing`` are encoder tensors that the checkpoint lacks,
    ``mismatched`` those whose shape or type differs, ``unused`` encoder tensors of the checkpoint that found no place:
    all three are empty, or named as exceptions in the document. ``encoder_share`` is the share of the encoder's values
    that was loaded. ``digest_saved`` is the digest of the loaded tensors in the file, ``digest_started`` that of the
    same tensors in the network.
    """

    checkpoint: str
    loaded: tuple[str, ...]
    new: tuple[str, ...]
    frozen: tuple[str, ...]
    missing: tuple[str, ...]
    mismatched: tuple[str, ...]
    unused: tuple[str, ...]
    encoder_share: float
    digest_saved: str
    digest_started: str

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> TransferReport:
        """The report that ``as_json`` has written."""
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in written.items()}
        return cls(**values)

    def summary(self) -> dict[str, Any]:
        """The report with counts in the place of names."""
        return {name: len(value) if isinstance(value, tuple) else value for name, value in self.as_json().items()}


def transfer_encoder(
    network: nn.Module,
    model: ModelConfig,
    checkpoint: Checkpoint,
    exceptions: Transfer,
    *,
    heads: Mapping[str, Tensor] | None = None,
) -> TransferReport:
    """Load the encoder of ``checkpoint`` into ``network``, built from ``model``, and prove it. Raises TransferError.

    ``heads`` are tensors of heads that are loaded with it.
    """
    ours, saved = encoder_state(network.state_dict()), encoder_state(checkpoint.tensors)
    missing = [name for name in ours if name not in saved]
    mismatched = [name for name in ours if name in saved and not fits(ours[name], saved[name])]
    unused = [name for name in saved if name not in ours]
    _refuse(checkpoint, ours, saved, missing=missing, mismatched=mismatched, unused=unused, exceptions=exceptions)
    _refuse_unseen(checkpoint, model, exceptions)
    loaded = {name: saved[name] for name in ours if name not in {*missing, *mismatched}}
    if not loaded:
        raise TransferError(f"no tensor of {checkpoint.path} was loaded, so there would be nothing to adapt")
    share = _size(loaded) / _size(ours)
    loaded |= heads or {}
    network.load_state_dict(network.state_dict() | loaded)
    started = network.state_dict()
    report = TransferReport(
        checkpoint=str(checkpoint.path),
        loaded=tuple(sorted(loaded)),
        new=tuple(sorted(set(started) - set(loaded))),
        frozen=frozen_tensors(network),
        missing=tuple(missing),
        mismatched=tuple(mismatched),
        unused=tuple(unused),
        encoder_share=share,
        digest_saved=tensors_digest(loaded),
        digest_started=tensors_digest({name: started[name] for name in loaded}),
    )
    if report.digest_saved != report.digest_started:
        raise TransferError("the network does not start from the weights of the checkpoint: their digests differ")
    return report


def _refuse_unseen(checkpoint: Checkpoint, model: ModelConfig, exceptions: Transfer) -> None:
    """Equal tensors can still be another encoder, such as one with more heads."""
    for key in UNSEEN:
        part, name = key.split(".")
        ours, theirs = (getattr(getattr(config, part), name, None) for config in (model, checkpoint.model))
        if ours != theirs and not excepted([key], exceptions.allow_different):
            raise TransferError(
                f"model.{key} is {ours}, but {checkpoint.path} was trained with {theirs}: its weights fit, and mean "
                f"another encoder. Use the same value, or name {key} under stage_2.transfer.allow_different"
            )


def frozen_tensors(network: nn.Module) -> tuple[str, ...]:
    """Names of parameters that will not train, and of the buffers of parts that stand still."""
    frozen = {name for name, parameter in network.named_parameters() if not parameter.requires_grad}
    still = {name.rpartition(".")[0] for name in frozen}
    buffers = {name for name, _ in network.named_buffers() if name.rpartition(".")[0] in still}
    return tuple(sorted(frozen | buffers))


def fits(ours: Tensor, saved: Tensor) -> bool:
    """Whether a saved tensor can stand in the place of one of ours."""
    return ours.shape == saved.shape and ours.dtype == saved.dtype


def _size(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors.values())


def excepted(names: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether each name matches one of the shell patterns."""
    return all(any(fnmatch(name, pattern) for pattern in patterns) for name in names)


def _refuse(
    checkpoint: Checkpoint,
    ours: Mapping[str, Tensor],
    saved: Mapping[str, Tensor],
    *,
    missing: Sequence[str],
    mismatched: Sequence[str],
    unused: Sequence[str],
    exceptions: Transfer,
) -> None:
    reasons = []
    if not excepted(missing, exceptions.allow_new):
        reasons.append(f"{len(missing)} encoder tensors are not in the checkpoint ({some(missing)})")
    if not excepted(mismatched, exceptions.allow_new):
        shapes = [f"{n} is {tuple(saved[n].shape)}, expected {tuple(ours[n].shape)}" for n in mismatched]
        reasons.append(f"{len(mismatched)} encoder tensors have another shape ({some(shapes)})")
    if not excepted(unused, exceptions.allow_unused):
        reasons.append(f"{len(unused)} encoder tensors of the checkpoint have no place ({some(unused)})")
    if reasons:
        raise TransferError(
            f"the encoder of {checkpoint.path} does not fit the document's model: {'; '.join(reasons)}. "
            f"The checkpoint holds {_describe(checkpoint)}. Use the same model, or name the exceptions under "
            "stage_2.transfer"
        )


def _describe(checkpoint: Checkpoint) -> str:
    embedding, backbone = checkpoint.model.embedding, checkpoint.model.backbone
    if embedding is None or backbone is None:
        return f"network {checkpoint.model.network.kind} with dim {checkpoint.model.dim}"
    size = f"dim {embedding.dim} and {embedding.patches} patches"
    return f"embedding {embedding.kind} with {size}, backbone {backbone.kind}"


def some(names: Sequence[str]) -> str:
    """The first of many names."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
