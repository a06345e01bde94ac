"""Stage 1, pretraining: one class per ``pretrain_mode``."""

from typing import Annotated

from twostage.config.plugins import Family
from twostage.config.stage_1.base import Pretraining, Projection, ZeroShot
from twostage.config.stage_1.contrastive import ContrastiveConfig
from twostage.config.stage_1.custom import CustomConfig
from twostage.config.stage_1.metric_losses import MetricLoss, NTXent, SupCon
from twostage.config.stage_1.reconstruction import Mask, ReconstructionConfig
from twostage.config.stage_1.unified_metric import UnifiedMetricConfig

Stage1Config = Annotated[
    ContrastiveConfig | ReconstructionConfig | UnifiedMetricConfig | CustomConfig,
    Family("twostage.pretrainings", "pretrain_mode", Pretraining),
]

__all__ = [
    "ContrastiveConfig",
    "CustomConfig",
    "Mask",
    "MetricLoss",
    "NTXent",
    "Pretraining",
    "Projection",
    "ReconstructionConfig",
    "Stage1Config",
    "SupCon",
    "UnifiedMetricConfig",
    "ZeroShot",
]
