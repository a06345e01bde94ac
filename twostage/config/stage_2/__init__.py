"""Stage 2, adaptation: one class per ``adapt_mode``."""

from twostage.config.stage_2.base import Adaptation, Freeze, Init, LrMultipliers, Transfer
from twostage.config.stage_2.finetune import FinetuneConfig
from twostage.config.stage_2.target import Target

Stage2Config = FinetuneConfig

__all__ = [
    "Adaptation",
    "FinetuneConfig",
    "Freeze",
    "Init",
    "LrMultipliers",
    "Stage2Config",
    "Target",
    "Transfer",
]
