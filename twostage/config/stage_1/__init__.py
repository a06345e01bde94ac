"""Stage 1, pretraining: one class per ``pretrain_mode``."""

from typing import Annotated

from pydantic import Field

from twostage.config.stage_1.base import Pretraining, Projection
from twostage.config.stage_1.contrastive import ContrastiveConfig, NTXent
from twostage.config.stage_1.reconstruction import Mask, ReconstructionConfig

Stage1Config = Annotated[ContrastiveConfig | ReconstructionConfig, Field(discriminator="pretrain_mode")]

__all__ = [
    "ContrastiveConfig",
    "Mask",
    "NTXent",
    "Pretraining",
    "Projection",
    "ReconstructionConfig",
    "Stage1Config",
]
