"""What both stages have in common."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from twostage.config.base import Component, Count
from twostage.config.optimization import (
    AdamW,
    CheckpointConfig,
    ConstantSchedule,
    EarlyStopping,
    Optimizer,
    Scheduler,
)
from twostage.config.splits import Split


class StageConfig(Component):
    """One training: how long, with which optimiser, and which epoch is kept."""

    epochs: Count = Field(10, description="Passes over the training windows.")
    optimizer: Optimizer = Field(default_factory=AdamW, description="Optimiser and learning rate.")
    scheduler: Scheduler = Field(default_factory=ConstantSchedule, description="Learning-rate schedule.")
    checkpoint: CheckpointConfig = Field(
        default_factory=CheckpointConfig, description="Which epoch's weights are kept."
    )
    early_stopping: EarlyStopping | None = Field(None, description="End before all epochs are done; null never does.")
    split: Split | None = Field(None, description="Split of this stage; null takes data.split.")

    @property
    def trains(self) -> bool:
        """Whether anything that is handed on trains; else the stage only evaluates."""
        return True

    @model_validator(mode="after")
    def _warm_up_ends(self) -> Self:
        warmup = getattr(self.scheduler, "warmup_epochs", 0.0)
        if warmup > self.epochs:
            raise ValueError(f"scheduler.warmup_epochs ({warmup:g}) must not exceed epochs ({self.epochs})")
        return self
