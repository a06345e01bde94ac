"""What the embedding asks of the other parts of a document."""

from __future__ import annotations

from collections.abc import Sequence

from twostage.config.data import DataConfig
from twostage.config.model import ModelConfig
from twostage.config.stage import StageConfig


def embedding_misfit(model: ModelConfig, data: DataConfig, stages: Sequence[StageConfig | None]) -> str | None:
    """Say why the stages cannot use the encoder as they are written, or None."""
    reasons = (_misfit(model, data, stage) for stage in stages if stage is not None)
    return next((reason for reason in reasons if reason is not None), None)


def _misfit(model: ModelConfig, data: DataConfig, stage: StageConfig) -> str | None:
    window = getattr(stage, "window", None) or data.window
    if reason := model.misfit(length=window.length, systems=_named_systems(stage)):
        return f"model.{reason}"
    if getattr(stage, "prompt", None) is not None and not model.has_prompt:
        return (
            f"stage_1.prompt compares prompts, but {_named(model)} has none as it is written; leave it "
            "out, or choose an embedding with one: hse_prompt or hse_v2"
        )
    keeps_prompt = getattr(getattr(stage, "freeze", None), "prompt", False)
    if keeps_prompt and not model.has_prompt:
        return (
            f"stage_2.freeze.prompt is true, but {_named(model)} has no prompt as it is written; leave "
            "it out, or choose an embedding with one: hse_prompt or hse_v2"
        )
    return None


def _named_systems(stage: StageConfig) -> tuple[int, ...]:
    """The systems that a stage names; those that it takes by default are known with the data."""
    named = getattr(stage, "systems", None) or ()
    return (*named, *(system for target in getattr(stage, "targets", ()) for system in target.ids))


def _named(model: ModelConfig) -> str:
    return f"network {model.network.kind}" if model.embedding is None else f"the embedding {model.embedding.kind}"
