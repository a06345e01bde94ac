"""Stage 2, adaptation: one class per ``adapt_mode``."""

from typing import Annotated

from twostage.config.plugins import Family
from twostage.config.stage_2.base import Adaptation, EncoderAdaptation, Freeze, Init, LrMultipliers, Transfer, Unfreeze
from twostage.config.stage_2.fewshot import FewshotConfig
from twostage.config.stage_2.finetune import FinetuneConfig
from twostage.config.stage_2.multitask import MultitaskConfig
from twostage.config.stage_2.target import Target, TaskName

Stage2Config = Annotated[
    FinetuneConfig | FewshotConfig | MultitaskConfig, Family("twostage.adaptations", "adapt_mode", Adaptation)
]

__all__ = [
    "Adaptation",
    "EncoderAdaptation",
    "FewshotConfig",
    "FinetuneConfig",
    "Freeze",
    "Init",
    "LrMultipliers",
    "MultitaskConfig",
    "Stage2Config",
    "Target",
    "TaskName",
    "Transfer",
    "Unfreeze",
]
