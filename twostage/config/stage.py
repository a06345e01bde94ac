"""What both stages have in common."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, Count, Positive
from twostage.config.optimization import (
    AdamW,
    CheckpointConfig,
    ConstantSchedule,
    EarlyStopping,
    Optimizer,
    Regularization,
    Scheduler,
)
from twostage.config.sampler import Balanced, Sampler
from twostage.config.splits import Split
from twostage.config.windows import Windows

# Keys that only a training looks at.
TRAINING_KEYS = ("optimizer", "scheduler", "regularization", "validate_every", "checkpoint", "early_stopping")


class StageConfig(Component):
    """One training: how long, with which optimiser, and which epoch is kept."""

    training_keys: ClassVar[tuple[str, ...]] = TRAINING_KEYS

    epochs: Count = Field(10, description="Passes over the training windows.")
    optimizer: Optimizer = Field(default_factory=AdamW, description="Optimiser and learning rate.")
    scheduler: Scheduler = Field(default_factory=ConstantSchedule, description="Learning-rate schedule.")
    regularization: Regularization = Field(
        default_factory=Regularization, description="Penalties on the size of the weights."
    )
    validate_every: Positive = Field(
        1.0, description="Epochs between two validations; a fraction validates several times within an epoch."
    )
    checkpoint: CheckpointConfig = Field(
        default_factory=CheckpointConfig, description="Which epoch's weights are kept."
    )
    early_stopping: EarlyStopping | None = Field(None, description="End before all epochs are done; null never does.")
    split: Split | None = Field(None, description="Split of this stage; null takes data.split.")
    batch_size: Count | None = Field(None, description="Windows per batch of this stage; null takes data.batch_size.")
    sampler: Sampler = Field(default_factory=Balanced, description="Which windows a training batch is made of.")
    window: Windows | None = Field(
        None, description="Where windows of this stage lie inside a recording; null takes data.window."
    )

    @property
    def trains(self) -> bool:
        """Whether anything that is handed on trains; else the stage only evaluates."""
        return True

    def refuse_idle_keys(self, why: str) -> None:
        """Raise ValueError where a stage that trains nothing has a written key of a training."""
        if idle := [name for name in self.training_keys if name in self.model_fields_set]:
            raise ValueError(f"{', '.join(idle)} would have no effect: {why}")

    @property
    def epochs_between(self) -> int:
        """Epochs from one validation to the next; a shorter training is validated once, at its end."""
        return max(1, min(int(self.validate_every), self.epochs))

    @model_validator(mode="after")
    def _validates_at_all(self) -> Self:
        every = self.validate_every
        if every > 1.0 and not every.is_integer():
            raise ValueError(f"validate_every ({every:g}) must be a whole number of epochs, or a fraction of one")
        return self

    @model_validator(mode="after")
    def _floor_lies_below(self) -> Self:
        minimum = getattr(self.scheduler, "minimum", 0.0)
        rate, name = self.optimizer.lr, "optimizer.lr"
        for part, multiple in getattr(self, "lr_multipliers", ()):
            if multiple < 1.0 and multiple * self.optimizer.lr < rate:
                rate, name = multiple * self.optimizer.lr, f"optimizer.lr times lr_multipliers.{part}"
        if minimum > 0.0 and minimum >= rate:
            raise ValueError(f"scheduler.minimum ({minimum:g}) must be less than {name} ({rate:g})")
        return self
