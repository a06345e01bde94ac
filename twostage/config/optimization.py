"""Optimisers, learning-rate schedules and early stopping."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Count, FromList, NonNegative, Positive, Section, Share

Decay = Annotated[float, Field(ge=0.0, lt=1.0)]
Betas = Annotated[tuple[Decay, Decay], FromList]
Monitor = Annotated[str, Field(pattern=r"^(train|validation)/[\w./-]+$")]
Mode = Literal["min", "max"]


class AdamW(Section):
    """Adam with decoupled weight decay."""

    kind: Literal["adamw"] = "adamw"
    lr: Positive = Field(1e-3, description="Learning rate.")
    weight_decay: NonNegative = Field(1e-2, description="Decoupled weight decay.")
    betas: Betas = Field((0.9, 0.999), description="Decay of the two moment averages.")


class Adam(Section):
    """Adam with L2 weight decay."""

    kind: Literal["adam"] = "adam"
    lr: Positive = Field(1e-3, description="Learning rate.")
    weight_decay: NonNegative = Field(0.0, description="L2 weight decay.")
    betas: Betas = Field((0.9, 0.999), description="Decay of the two moment averages.")


class SGD(Section):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    lr: Positive = Field(1e-2, description="Learning rate.")
    momentum: Share = Field(0.9, description="Momentum.")
    nesterov: bool = Field(default=False, description="Nesterov momentum.")
    weight_decay: NonNegative = Field(0.0, description="L2 weight decay.")

    @model_validator(mode="after")
    def _momentum_to_look_ahead(self) -> Self:
        if self.nesterov and self.momentum == 0.0:
            raise ValueError("nesterov needs a momentum above 0")
        return self


Optimizer = Annotated[AdamW | Adam | SGD, Field(discriminator="kind")]


class ConstantSchedule(Section):
    """The learning rate stays as written."""

    kind: Literal["constant"] = "constant"


class CosineSchedule(Section):
    """Linear warm-up, then half a cosine down to the lowest learning rate, which stays; stepped per batch."""

    kind: Literal["cosine"] = "cosine"
    warmup_epochs: NonNegative = Field(0.0, description="Epochs of linear warm-up; may be a fraction.")
    period: Count | None = Field(
        None,
        description="Epochs of the half cosine, counted from the end of the warm-up; null takes all that are left.",
    )
    final_share: Share = Field(
        0.0, description="Lowest learning rate after the warm-up, as a share of the written one."
    )
    minimum: NonNegative = Field(
        0.0, description="Instead of final_share: lowest learning rate after the warm-up, the same for all parameters."
    )

    @model_validator(mode="after")
    def _one_floor(self) -> Self:
        if self.minimum > 0.0 and self.final_share > 0.0:
            raise ValueError("name either final_share or minimum, and not both")
        return self


class StepSchedule(Section):
    """The learning rate is multiplied by gamma every so many epochs."""

    kind: Literal["step"] = "step"
    every: Count = Field(10, description="Epochs between two steps.")
    gamma: Positive = Field(0.1, description="Factor of each step.")


class PlateauSchedule(Section):
    """The learning rate is multiplied by factor when the checkpoint's monitor stops improving."""

    kind: Literal["plateau"] = "plateau"
    factor: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(0.5, description="Factor of each reduction.")
    patience: int = Field(5, ge=0, description="Epochs without improvement before a reduction.")
    minimum: NonNegative = Field(0.0, description="Lowest learning rate.")


Scheduler = Annotated[ConstantSchedule | CosineSchedule | StepSchedule | PlateauSchedule, Field(discriminator="kind")]


class Regularization(Section):
    """Penalties on all that trains, added to the training loss beside the optimiser's own weight decay."""

    l1: NonNegative = Field(0.0, description="Factor of the sum of all absolute values.")
    l2: NonNegative = Field(0.0, description="Factor of the sum of all squares.")

    @property
    def acts(self) -> bool:
        """Whether there is any penalty."""
        return self.l1 > 0.0 or self.l2 > 0.0


class CheckpointConfig(Section):
    """Which epoch's weights a stage hands on."""

    monitor: Monitor = Field(
        "validation/loss", description="Logged metric that selects the checkpoint; never a test metric."
    )
    mode: Mode = Field(
        default_factory=lambda written: _better(written.get("monitor", "loss")),
        description="Whether a small or a large value is better; without it min for losses and errors, else max.",
    )

    keep: Count = Field(1, description="Best epochs whose weights are kept as files; the best one is handed on.")
    last: bool = Field(default=False, description="Whether the weights of the last epoch are kept as well.")

    @model_validator(mode="after")
    def _keeps_the_best(self) -> Self:
        if self.mode != _better(self.monitor):
            raise ValueError(f"mode {self.mode} would keep the epoch with the worst {self.monitor}")
        return self


def _better(monitor: str) -> Mode:
    return "min" if re.search(r"[/_](loss|mse|mae|rmse|nasa_score(_mean)?)(/|$)", monitor) else "max"


class EarlyStopping(Section):
    """End a stage when the checkpoint's monitor stops improving."""

    patience: Count = Field(
        10,
        description="Epochs without improvement before the stage ends; validations, where a validation metric "
        "is monitored.",
    )
    min_delta: NonNegative = Field(0.0, description="Smallest change that counts as an improvement.")
