"""What metric losses and zero-shot evaluation ask of the other parts of a document."""

from __future__ import annotations

from typing import TypeGuard

from twostage.config.data import DataConfig
from twostage.config.stage_1 import ContrastiveConfig, CustomConfig, Pretraining, UnifiedMetricConfig


def small_batch(stage_1: Pretraining | None, data: DataConfig) -> str | None:
    """Say that a loss that compares windows has too few of them in a batch, or None."""
    if not _compares(stage_1):
        return None
    size, name = stage_1.batch_size or data.batch_size, "stage_1" if stage_1.batch_size else "data"
    written = f"{name}.batch_size is {size}"
    if size == 1:
        mode = getattr(stage_1, "pretrain_mode", "")
        return f"{mode} pretraining compares windows of one batch, but {written}"
    kinds = [stage_1.compares.kind, *(term.loss.kind for term in getattr(stage_1.compares, "terms", ()))]
    if size == 2 and "barlow_twins" in kinds:  # noqa: PLR2004 - of two standardised values only the signs are left
        return f"{written}, and barlow_twins standardises features over a batch, of which two windows leave signs alone"
    systems = stage_1.systems or ()
    lonely = _within_a_system(stage_1) and stage_1.sampler.kind == "balanced" and 1 < size <= len(systems)
    if lonely and not getattr(stage_1.momentum_encoder, "queue", 0):
        return (
            f"{written}, and {len(systems)} systems share it evenly, so no two windows of a batch are of one class of "
            f"one system; write at least {2 * len(systems)}"
        )
    return None


def _compares(stage_1: Pretraining | None) -> TypeGuard[ContrastiveConfig | UnifiedMetricConfig]:
    by_metric = isinstance(stage_1, UnifiedMetricConfig) and stage_1.metric_weight > 0.0
    return isinstance(stage_1, ContrastiveConfig) or by_metric


def _within_a_system(stage_1: ContrastiveConfig | UnifiedMetricConfig) -> bool:
    """Whether positives are windows of one class of one system."""
    if isinstance(stage_1, ContrastiveConfig):
        return stage_1.pairing == "class"
    return stage_1.positives == "class_in_system" and not stage_1.metric.needs_pairs


def unmeasured_zero_shot(stage_1: Pretraining | None, data: DataConfig, *, adapts: bool) -> str | None:
    """Say why zero-shot has nothing to be measured on, or None. ``adapts`` says that there is a stage 2."""
    if stage_1 is None or stage_1.zero_shot is None or adapts:
        return None
    if not stage_1.reads_labels and not isinstance(stage_1, CustomConfig):
        return (
            "stage_1.zero_shot needs classes, but there is no stage_2 and this pretraining reads no labels; add a "
            "stage_2, or leave zero_shot out"
        )
    if stage_1.zero_shot.missing == "error" and getattr(stage_1.split or data.split, "test", 1.0) == 0.0:
        return "stage_1.zero_shot needs a test part, but there is no stage_2 and the split of stage_1 has none"
    return None
