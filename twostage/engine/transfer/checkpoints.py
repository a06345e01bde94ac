"""Weights on disk: safetensors with a description, never a pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from twostage.config.model import ModelConfig
from twostage.data.labels import LabelSpace
from twostage.data.recordings import Notice
from twostage.engine.inputs.rates import Sampling
from twostage.engine.inputs.seen import UNKNOWN, Stretch
from twostage.engine.transfer.digest import tensors_digest
from twostage.errors import TransferError

FORMAT = "twostage/1"
# In the place of the stage that saved a checkpoint: it was trained elsewhere, on what nobody has written down.
IMPORTED = "stage_1/imported"


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a network, what network they belong to, and the digest that was taken when they were saved.

    ``labels`` are those of each system, in the order of the outputs of its head; empty where nobody has written them
    down.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    model: ModelConfig
    stage: str
    digest: str
    seen: tuple[Stretch, ...]
    sampling: Sampling | None = None
    labels: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a user should know who starts from it."""
        return (UNKNOWN,) if self.stage == IMPORTED else ()


def save_checkpoint(
    path: Path,
    tensors: Mapping[str, Tensor],
    *,
    model: ModelConfig,
    stage: str,
    seen: Sequence[Stretch],
    sampling: Sampling | None = None,
    labels: LabelSpace | None = None,
) -> str:
    """Write the tensors, what samples and labels made them and how these were taken; return their digest."""
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    digest = tensors_digest(plain)
    description = {
        "format": FORMAT,
        "model": model.model_dump_json(),
        "stage": stage,
        "digest": digest,
        "seen": json.dumps(seen),
    }
    if sampling is not None:
        description["sampling"] = json.dumps(asdict(sampling))
    if labels is not None:
        description["labels"] = json.dumps(dict(labels.classes))
    save_file(plain, path, metadata=description)
    return digest


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises TransferError when it is absent, damaged, or not ours."""
    if not path.is_file():
        raise TransferError(f"checkpoint {path} does not exist")
    try:
        with safe_open(path, framework="pt") as file:
            description = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError) as error:
        raise TransferError(
            f"checkpoint {path} cannot be read as safetensors ({error}); it is damaged, cut short, or of another kind"
        ) from error
    return _described(path, tensors, description)


def load_pretrained(path: Path) -> Checkpoint:
    """Read the checkpoint of a stage 1. Raises TransferError for one that has been adapted already."""
    checkpoint = load_checkpoint(path)
    if not checkpoint.stage.startswith("stage_1/"):
        raise TransferError(
            f"checkpoint {path} was saved by {checkpoint.stage}, which has learnt from labels; start from a stage 1"
        )
    return checkpoint


def _described(path: Path, tensors: Mapping[str, Tensor], description: Mapping[str, str]) -> Checkpoint:
    if description.get("format") != FORMAT:
        raise TransferError(f"checkpoint {path} was not written by twostage (format {description.get('format')})")
    if tensors_digest(tensors) != description["digest"]:
        raise TransferError(f"checkpoint {path} is damaged: its weights are not those that were saved")
    model = ModelConfig.model_validate(json.loads(description["model"]))
    seen = tuple(Stretch(*stretch) for stretch in json.loads(description["seen"]))
    written = json.loads(description.get("sampling", "null"))
    sampling = None if written is None else Sampling(tuple(written["rates"]), written["band"])
    labels = {int(system): tuple(each) for system, each in json.loads(description.get("labels", "{}")).items()}
    return Checkpoint(path, tensors, model, description["stage"], description["digest"], seen, sampling, labels)
