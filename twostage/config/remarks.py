"""What holds together and is still seldom meant; told to the user, and not refused."""

from __future__ import annotations

from collections.abc import Iterator

from twostage.config.document import TwoStageConfig
from twostage.config.model.embeddings import TimedPatches
from twostage.config.stage_1 import UnifiedMetricConfig


def remarks(config: TwoStageConfig) -> Iterator[str]:
    """One sentence for each."""
    embedding, stage_1 = config.model.embedding, config.stage_1
    if config.is_part:
        yield "this is a part of a document and has no stage: it does not run by itself"
    if isinstance(stage_1, UnifiedMetricConfig) and len(stage_1.systems or (1, 2)) == 1:
        yield "stage_1 is a unified_metric pretraining of one system: nothing is compared across systems"
    yield from _of_one_system(stage_1)
    yield from _of_a_short_queue(config)
    for name, stage in config.stages.items():
        warmup, length = getattr(stage.scheduler, "warmup_epochs", 0.0), config.data_of(stage).window.length
        if stage.trains and warmup > stage.epochs:
            yield (
                f"{name} ends within its warm-up (scheduler.warmup_epochs is {warmup:g}, epochs is {stage.epochs}): "
                "its rate never gets to optimizer.lr"
            )
        stopping = stage.early_stopping
        if stage.trains and stopping is not None and stopping.patience >= stage.epochs / min(1.0, stage.validate_every):
            yield (
                f"{name} never stops early (early_stopping.patience is {stopping.patience}, epochs is {stage.epochs}): "
                "it takes more checks without a gain than there are"
            )
        if stage.trains and stage.validate_every > stage.epochs:
            yield (
                f"{name} is validated once, after its last epoch (validate_every is {stage.validate_every:g}, "
                f"epochs is {stage.epochs})"
            )
        if isinstance(embedding, TimedPatches) and length < embedding.patch_length:
            yield (
                f"windows of {name} have {length} samples, and a patch takes {embedding.patch_length} "
                "(model.embedding.patch_length): every sample is repeated in place"
            )


def _of_one_system(stage_1: object) -> Iterator[str]:
    across = "class_across_systems"
    if getattr(stage_1, "pairing", None) == across and len(getattr(stage_1, "systems", None) or (1, 2)) == 1:
        yield f"stage_1.pairing is {across}, but stage_1.systems names one: nothing is compared across systems"


def _of_a_short_queue(config: TwoStageConfig) -> Iterator[str]:
    queue = getattr(getattr(config.stage_1, "momentum_encoder", None), "queue", 0)
    size = 0 if config.stage_1 is None else config.data_of(config.stage_1).batch_size
    if 0 < queue < size:
        yield f"stage_1.momentum_encoder.queue ({queue}) is less than a batch ({size}): it keeps a part of the last one"
