"""A trained network of a run with recorded windows to try it on, and what its input must be like.

Legend: B batch, L length, C channels, P patches, D features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from twostage._version import __version__
from twostage.config.checking.suggest import nearest_name
from twostage.data.recordings import Part as DataPart
from twostage.data.windowed import NO_DOMAIN, Batch
from twostage.engine.inputs.loaders import StageLoaders
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.outcome.artifacts import read_json
from twostage.engine.outcome.manifest import MANIFEST
from twostage.engine.outcome.reopening import OpenedRun, open_directory
from twostage.engine.outcome.results import CHECKPOINT
from twostage.engine.planning.plan import AdaptStage, Stage, is_trivial
from twostage.engine.runner import build_objective
from twostage.engine.transfer.checkpoints import load_checkpoint
from twostage.engine.workshop import Workshop
from twostage.errors import OutputError, TransferError
from twostage.models.network import Network

Part = Literal["encoder", "model"]
WINDOWS = 8
_PARTS: tuple[DataPart, ...] = ("test", "validation", "train")
# What an input is called, and what it holds.
_INPUTS = {
    "x_BLC": ("x", "windows, normalised as the contract says"),
    "sample_rate_B": ("sample_rate", "sampling rate of each window in Hz"),
    "system_B": ("system", "id of each window's system in the metadata table"),
    "domain_B": ("domain", f"id of each window's operating condition; {NO_DOMAIN} where there is none"),
}


class Exported(nn.Module):
    """What a file holds: the encoder, or the encoder and its head, with the inputs that they need and no others."""

    def __init__(self, network: Network, part: Part) -> None:
        super().__init__()
        self.network, self.part = network, part
        asked = network.asked if part == "encoder" else {*network.asked, *network.head_asked}
        self.names = tuple(name for name in _INPUTS if name in {"x_BLC", *asked})

    def forward(self, *inputs: Tensor) -> Any:
        """Tokens (B, P, D), or the head's answer: a tensor, or one for each task."""
        known: dict[str, Any] = dict.fromkeys(_INPUTS) | dict(zip(self.names, inputs, strict=True))
        system_B, domain_B = known["system_B"], known["domain_B"]
        if self.part == "encoder":
            return self.network.encode(known["x_BLC"], known["sample_rate_B"], system_B=system_B, domain_B=domain_B)
        answer = self.network(known["x_BLC"], known["sample_rate_B"], system_B, domain_B)
        return tuple(answer.values()) if isinstance(answer, Mapping) else answer


@dataclass(frozen=True)
class Trained:
    """A network in evaluation, recorded inputs in its order, its answers to them by name, and the contract."""

    module: Exported
    inputs: tuple[Tensor, ...]
    outputs: Mapping[str, Tensor]
    contract: Mapping[str, Any]

    @property
    def input_names(self) -> list[str]:
        """What the inputs are called in a file."""
        return [_INPUTS[name][0] for name in self.module.names]


def trained(run: Path, name: str | None, part: Part | None) -> Trained:
    """The network of a stage of a finished run. Raises TwoStageError."""
    opened = open_directory(run)
    stage = _chosen(opened, name)
    part = part or ("model" if isinstance(stage, AdaptStage) else "encoder")
    workshop = Workshop(opened.document.config)
    data = workshop.prepare(stage)
    network = build_objective(stage, data).network.cpu().eval()
    digest = _load(opened.directory, stage, network)
    notes = _settle(network)
    batch, windows_of = _windows(stage, data)
    module = Exported(network, part).eval()
    inputs = tuple(getattr(batch, name) for name in module.names)
    with torch.no_grad():
        answer = module(*inputs)
    outputs = _named(answer, network, data, part)
    contract = {
        "format": "twostage-export/1",
        "twostage": __version__,
        "stage": stage.name,
        "part": part,
        "checkpoint_digest": digest,
        "model": stage.config.model.model_dump(mode="json"),
        "checked_on": {"windows": len(batch.x_BLC), "part": windows_of},
        **_described(module, inputs, data, outputs),
        "notes": notes,
    }
    return Trained(module, inputs, outputs, contract)


def _chosen(opened: OpenedRun, name: str | None) -> Stage:
    """The stage of that name; without one the only adaptation from pretrained weights, or the only stage there is."""
    done = {s.name: s for s in opened.plan.stages if (opened.directory / s.name / CHECKPOINT).is_file()}
    stages = {name: stage for name, stage in done.items() if not is_trivial(stage)}
    if name is not None:
        if name in stages:
            return stages[name]
        near = nearest_name(name, stages)
        raise OutputError(
            f"{opened.directory} has no trained network {name}"
            + (f"; did you mean {near}?" if near else f"; it has {', '.join(stages) or 'none'}")
        )
    adapted = [s for s in stages.values() if isinstance(s, AdaptStage)]
    # What a user wants first, and last the controls: an encoder that stays untrained is one.
    pretrained, fresh = ([s for s in adapted if s.variant == each] for each in ("pretrained", "from_scratch"))
    choices: tuple[Sequence[Stage], ...] = (pretrained, fresh, adapted, list(stages.values()))
    for found in choices:
        if len(found) == 1:
            return found[0]
    raise OutputError(f"{opened.directory} has {len(stages)} trained networks; name one: {', '.join(stages) or 'none'}")


def _load(directory: Path, stage: Stage, network: Network) -> str:
    checkpoint = load_checkpoint(directory / stage.name / CHECKPOINT)
    entries = {each["name"]: each for each in (read_json(directory / MANIFEST) or {}).get("stages", ())}
    if stage.name not in entries or entries[stage.name]["checkpoint_digest"] != checkpoint.digest:
        raise TransferError(f"{checkpoint.path} does not hold the weights that the manifest of the run names")
    network.load_state_dict(dict(checkpoint.tensors))
    return checkpoint.digest


def _settle(network: Network) -> list[str]:
    """Let patches begin where they always do: a file that draws would answer differently each time."""
    config = getattr(network.embedding, "config", None)
    if getattr(config, "evaluation_starts", "even") == "even" or getattr(config, "starts", "even") == "even":
        return []
    network.embedding.config = config.model_copy(update={"evaluation_starts": "even"})  # type: ignore[union-attr]
    return ["the run drew patch starts at random in evaluation; the file has them evenly spaced, as the check had"]


def _windows(stage: Stage, data: StageData) -> tuple[Batch, str]:
    """A few recorded windows, from all over the test part, or else of the first part that has any."""
    part = next(part for part in _PARTS if len(data.windows[part].rows))
    dataset = StageLoaders(data, seed=stage.seed, pairs=False).dataset(part)
    count = min(WINDOWS, len(dataset))
    return dataset[[int(i) for i in np.linspace(0, len(dataset) - 1, count)]], part


def _named(answer: Any, network: Network, data: StageData, part: Part) -> dict[str, Tensor]:
    if isinstance(answer, tuple):
        return dict(zip(network.head.heads, answer, strict=True))  # type: ignore[arg-type]
    name = "tokens" if part == "encoder" else "logits" if data.labels is not None else "answer"
    return {name: answer}


def _described(
    module: Exported, inputs: tuple[Tensor, ...], data: StageData, outputs: Mapping[str, Tensor]
) -> dict[str, Any]:
    """What the windows must be like, and what the answers mean."""
    asked = [
        {
            "name": _INPUTS[name][0],
            "shape": ["batch", *tensor.shape[1:]],
            "type": str(tensor.dtype).removeprefix("torch."),
            "meaning": _INPUTS[name][1],
        }
        for name, tensor in zip(module.names, inputs, strict=True)
    ]
    classes = {} if data.labels is None else {str(id_): list(labels) for id_, labels in data.labels.classes.items()}
    return {
        "inputs": asked,
        "outputs": [{"name": name, "shape": ["batch", *tensor.shape[1:]]} for name, tensor in outputs.items()],
        "window_length": data.config.window.length,
        "channels": list(data.channels),
        "normalize": data.config.normalize,
        "sampling_rates": sorted({recording.sample_rate for recording in data.used}),
        "systems": sorted({recording.system for recording in data.used}),
        "classes": classes,
        "data": data.config.model_dump(mode="json", exclude={"source", "split", "workers", "batch_size"}),
    }
