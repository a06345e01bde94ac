"""Stage 1, pretraining: one class per ``pretrain_mode``."""

from typing import Annotated

from pydantic import Field

from twostage.config.stage_1.base import Pretraining, Projection, ZeroShot
from twostage.config.stage_1.contrastive import ContrastiveConfig
from twostage.config.stage_1.custom import CustomConfig
from twostage.config.stage_1.metric_losses import MetricLoss, NTXent, SupCon
from twostage.config.stage_1.reconstruction import Mask, ReconstructionConfig
from twostage.config.stage_1.unified_metric import UnifiedMetricConfig

Stage1Config = Annotated[
    ContrastiveConfig | ReconstructionConfig | UnifiedMetricConfig | CustomConfig, Field(discriminator="pretrain_mode")
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
