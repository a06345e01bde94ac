"""Checkpoints of the old project become checkpoints that stage 2 starts from; every tensor is accounted for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from twostage.config.document import TwoStageConfig
from twostage.config.fan_out import backbones_of
from twostage.config.model import ISFMPrompt, ModelConfig
from twostage.config.variants import variants_of
from twostage.engine.importing.head_sizes import head_misfits, shape_text
from twostage.engine.importing.old_heads import tasks_of
from twostage.engine.importing.old_weights import OldWeights, read_old_weights
from twostage.engine.outcome.artifacts import json_text
from twostage.engine.transfer.checkpoints import FORMAT, IMPORTED, save_checkpoint
from twostage.engine.transfer.encoder import UNSEEN
from twostage.errors import OutputError, TransferError
from twostage.models.network import ENCODER_PREFIXES, Encoder
from twostage.models.renaming import from_legacy, our_name, our_names

_SHOWN = 6


@dataclass(frozen=True)
class Fate:
    """What became of one tensor of the old file; ``reason`` says why it was left out."""

    name: str
    shape: tuple[int, ...]
    fate: Literal["loaded", "left out"]
    ours: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class ImportReport:
    """Where a checkpoint came from and what became of every tensor.

    ``assumed`` are keys of the document that change what the encoder computes and leave no trace in its tensors, so
    that nothing could check them.
    """

    source: str
    source_sha256: str
    checkpoint: str
    digest: str
    model: Mapping[str, Any]
    tensors: tuple[Fate, ...]
    assumed: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The report as plain values: the manifest that stands beside the checkpoint."""
        return {"format": FORMAT, **asdict(self)}

    @property
    def loaded(self) -> tuple[Fate, ...]:
        """Tensors that are in the new checkpoint."""
        return tuple(each for each in self.tensors if each.fate == "loaded")

    @property
    def left_out(self) -> tuple[Fate, ...]:
        """Tensors that are not."""
        return tuple(each for each in self.tensors if each.fate == "left out")


def import_weights(
    old: Path,
    config: TwoStageConfig,
    output: Path,
    *,
    part: Literal["encoder", "model"] = "model",
    replace: bool = False,
) -> ImportReport:
    """Write the weights of ``old`` as the checkpoint ``output``, and the report beside it as JSON.

    The encoder must be, tensor by tensor, that of the document's model. With it come the heads of the document's tasks,
    unless ``part`` is the encoder. Raises TransferError and OutputError.
    """
    _refuse_unknown_model(config)
    manifest = output.with_name(f"{output.name}.json")
    if not replace and (there := next((path for path in (output, manifest) if path.exists()), None)):
        raise OutputError(f"{there} exists already; --force replaces it")
    tasks = () if part == "encoder" else tasks_of(config)
    weights = read_old_weights(old, tasks=tasks, outer_prompt=isinstance(config.model.network, ISFMPrompt))
    known = our_names(weights.tensors)
    renamed = from_legacy({name: weights.tensors[name] for name in known})
    model = _fitting(old, config, weights, renamed)
    if misfits := head_misfits(config, model, renamed):
        raise TransferError(
            f"{old} does not hold the document's heads: {_some(misfits)}. Nothing was written; set the sizes by "
            "--override KEY=VALUE, or leave heads out by --part encoder"
        )
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        aside = output.with_name(f".{output.name}.partial")
        digest = save_checkpoint(aside, renamed, model=model, stage=IMPORTED, seen=())
        report = ImportReport(
            source=str(old),
            source_sha256=hashlib.sha256(old.read_bytes()).hexdigest(),
            checkpoint=str(output),
            digest=digest,
            model=model.model_dump(mode="json"),
            tensors=tuple(_fates(weights, known)),
            assumed=_assumed(model),
        )
        manifest.write_text(json_text(report.as_json()), encoding="utf-8")
        aside.replace(output)
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}") from error
    return report


def _refuse_unknown_model(config: TwoStageConfig) -> None:
    refused = () if config.legacy is None else config.legacy.refused
    for each in refused:
        if each.key.partition(".")[0] == "model" or ".model." in each.key:
            raise TransferError(f"the old document's model has no counterpart: {each.key}: {each.reason}")


def _fitting(old: Path, config: TwoStageConfig, weights: OldWeights, renamed: Mapping[str, Tensor]) -> ModelConfig:
    """The model of the document, or that of its variants and backbones, to which these tensors belong."""
    tried = [(model, _misfits(model, weights, renamed)) for model in _models(config)]
    fitting = [model for model, misfits in tried if not misfits]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise TransferError(
            f"{old} fits {len(fitting)} models of the document; choose one, as by --override model.backbone.kind=..."
        )
    model, misfits = min(tried, key=lambda each: len(each[1]))
    raise TransferError(
        f"{old} does not hold the document's encoder ({_kinds(model)}): "
        f"{_some(misfits)}. Nothing was written; give the document that it was trained with, or set "
        "the sizes by --override KEY=VALUE"
    )


def _some(misfits: Sequence[str]) -> str:
    more = f"; and {len(misfits) - _SHOWN} more" if len(misfits) > _SHOWN else ""
    return "; ".join(misfits[:_SHOWN]) + more


def _models(config: TwoStageConfig) -> list[ModelConfig]:
    found = [
        document.model.model_copy(update={"backbone": backbone})
        for _, document in variants_of(config)
        for _, backbone in backbones_of(document)
    ]
    return list(dict.fromkeys(found))


def _misfits(model: ModelConfig, weights: OldWeights, renamed: Mapping[str, Tensor]) -> list[str]:
    """Why these tensors are not the encoder of ``model``, tensor by tensor; empty where they are."""
    with torch.device("meta"):
        wanted = Encoder(model).state_dict()
    theirs = {name: tensor for name, tensor in renamed.items() if name.startswith(ENCODER_PREFIXES)}
    unknown = [n for n in weights.tensors if n.startswith(ENCODER_PREFIXES) and our_name(n) is None]
    shapes = [
        f"{name} is {shape_text(theirs[name])}, expected {shape_text(tensor)}"
        for name, tensor in wanted.items()
        if name in theirs and shape_text(theirs[name]) != shape_text(tensor)
    ]
    missing = [
        f"{name} is missing, expected {shape_text(tensor)}" for name, tensor in wanted.items() if name not in theirs
    ]
    extra = [f"{name} {shape_text(tensor)} has no place" for name, tensor in theirs.items() if name not in wanted]
    return [*shapes, *missing, *extra, *(f"{weights.written[name]} has no counterpart" for name in unknown)]


def _kinds(model: ModelConfig) -> str:
    parts = [part.kind for part in (model.embedding, model.backbone) if part is not None]
    return " and ".join(parts) or model.network.kind


def _fates(weights: OldWeights, known: Mapping[str, str]) -> Iterator[Fate]:
    plain = {name: old for old, name in weights.written.items()}
    for name, shape in weights.shapes.items():
        if name in weights.left_out:
            yield Fate(name, shape, "left out", reason=weights.left_out[name])
        elif (ours := known.get(plain[name])) is None:
            yield Fate(name, shape, "left out", reason="a head of another kind; stage 2 makes a head of its own")
        else:
            yield Fate(name, shape, "loaded", ours)


def _assumed(model: ModelConfig) -> dict[str, Any]:
    written = {tuple(key.split(".")): key for key in UNSEEN}
    found = {key: (getattr(model, part), name) for (part, name), key in written.items()}
    return {f"model.{key}": getattr(part, name) for key, (part, name) in found.items() if hasattr(part, name)}


def summary_lines(report: ImportReport) -> Sequence[str]:
    """What a person wants to know of an import."""
    loaded, left_out = report.loaded, report.left_out
    assumed = ", ".join(f"{key} {value}" for key, value in report.assumed.items())
    return [
        f"{len(loaded)} of {len(report.tensors)} tensors loaded, {len(left_out)} left out, none missing",
        *([f"taken from the document, since tensors do not show them: {assumed}"] if assumed else []),
        f"digest {report.digest}",
    ]
