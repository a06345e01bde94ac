"""What metric losses and zero-shot evaluation ask of the other parts of a document."""

from __future__ import annotations

from twostage.config.data import DataConfig
from twostage.config.stage_1 import ContrastiveConfig, CustomConfig, Pretraining, UnifiedMetricConfig


def alone_in_its_batch(stage_1: Pretraining | None, data: DataConfig) -> str | None:
    """Say that a loss that compares windows has only one of them, or None."""
    size = getattr(stage_1, "batch_size", None) or data.batch_size
    compares = isinstance(stage_1, ContrastiveConfig) or (
        isinstance(stage_1, UnifiedMetricConfig) and stage_1.metric_weight > 0.0
    )
    if not compares or size > 1:
        return None
    name = "stage_1.batch_size" if getattr(stage_1, "batch_size", None) else "data.batch_size"
    return f"{getattr(stage_1, 'pretrain_mode', '')} pretraining compares windows of one batch, but {name} is 1"


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
