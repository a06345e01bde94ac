"""Several tasks in one model."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import NonNegative, Positive, Section
from twostage.config.model.task_heads import MultitaskTrunk
from twostage.config.optimization import CheckpointConfig
from twostage.config.stage_2.base import EncoderAdaptation
from twostage.config.stage_2.controls import Control
from twostage.config.stage_2.measures import CLASSIFICATION, TASKS, never_logged
from twostage.config.stage_2.target import Target, TaskName
from twostage.config.stage_2.tasks import Tasks


class GradientBalance(Section):
    """GradNorm (Chen et al. 2018): weights of tasks that keep the gradients of a shared layer in balance."""

    asymmetry: NonNegative = Field(
        1.5, description="How strongly tasks that train slower than others are pulled along; 0 makes gradients equal."
    )
    lr: Positive = Field(0.025, description="Step of the weights.")


class MultitaskConfig(EncoderAdaptation):
    """Train one model for fault classes, anomalies, remaining life and the signal's future, or some of them."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.multitask:Multitask"
    training_keys: ClassVar[tuple[str, ...]] = (*EncoderAdaptation.training_keys, "weighting", "gradient_balance")

    adapt_mode: Literal["multitask"] = "multitask"
    tasks: Tasks = Field(description="What the model learns; a target may choose some of them.")
    trunk: MultitaskTrunk | None = Field(
        None, description="Layers that all heads but that of the forecast share; null gives each head the tokens."
    )
    weighting: Literal["fixed", "uncertainty", "gradient_balanced"] = Field(
        "fixed",
        description="Whether the written weights stay; or learnt ones multiply them in training (uncertainty); or they "
        "only start the training, which moves them so that all tasks train at one pace (gradient_balanced).",
    )
    gradient_balance: GradientBalance | None = Field(
        None, description="Options of weighting: gradient_balanced; null takes the usual ones."
    )
    missing: Literal["error", "skip"] = Field(
        "error", description="What to do where a target lacks what a task needs; skip leaves the task out there."
    )
    unlabelled: Literal["error", "exclude", "mask"] = Field(  # type: ignore[assignment] # one choice more: a task may do without
        "mask", description="What to do with recordings without a label; mask uses them for the tasks that need none."
    )
    checkpoint: CheckpointConfig = Field(
        default_factory=CheckpointConfig, description="Which epoch's weights are kept."
    )

    @property
    def head_share(self) -> str | None:
        """How systems share the classification head."""
        return None if self.tasks.classification is None else self.tasks.classification.head.share

    @property
    def _idle_controls(self) -> dict[Control, str]:
        alone = set(self.tasks.written) <= {"signal_prediction"}
        idle: dict[Control, str] = {"trivial": "band energies forecast no signal"} if alone else {}
        return super()._idle_controls | idle

    def tasks_of(self, target: Target) -> tuple[TaskName, ...]:
        """The tasks that this target trains if it has what they need, in the order of the fields."""
        return tuple(name for name in self.tasks.written if target.tasks is None or name in target.tasks)

    @model_validator(mode="after")
    def _chosen_tasks_are_written(self) -> Self:
        written = self.tasks.written
        chosen = [name for target in self.targets for name in target.tasks or ()]
        unknown = [name for name in chosen if name not in written]
        if unknown:
            raise ValueError(f"targets.tasks names {unknown[0]}, but tasks.{unknown[0]} is null or not written")
        if all(target.tasks is not None for target in self.targets):
            idle = [name for name in written if name not in chosen]
            if idle:
                raise ValueError(f"tasks.{idle[0]} has no effect, because no target names it")
        return self

    @model_validator(mode="after")
    def _something_to_balance(self) -> Self:
        balanced = self.weighting == "gradient_balanced"
        if self.gradient_balance is not None and not balanced:
            raise ValueError(f"gradient_balance has no effect, because weighting is {self.weighting}")
        if balanced and self.freeze.embedding and self.freeze.backbone:
            raise ValueError(
                "weighting: gradient_balanced compares gradients of the encoder, but freeze keeps it all; write fixed"
            )
        if self.weighting != "fixed" and all(len(self.tasks_of(target)) == 1 for target in self.targets):
            raise ValueError(
                f"weighting: {self.weighting} has nothing to balance, because every target has one task; write fixed"
            )
        return self

    @model_validator(mode="after")
    def _monitor_is_logged(self) -> Self:
        if self.implementation != MultitaskConfig.implementation:  # a class of a package may log more
            return self
        for target in self.targets:
            tasks = self.tasks_of(target)
            measures = [
                measure if task == "classification" else f"{task}/{measure}"
                for task in tasks
                for measure in TASKS.get(task, CLASSIFICATION)
            ]
            losses = [f"{part}/{task}/loss" for part in ("train", "validation") for task in tasks]
            if reason := never_logged(self.checkpoint.monitor, measures, losses, target, "multitask"):
                raise ValueError(reason)
        return self

    @model_validator(mode="after")
    def _labels_are_read(self) -> Self:
        if self.unlabelled != "mask" and not self.tasks.written.keys() & {"classification", "anomaly_detection"}:
            raise ValueError(f"unlabelled: {self.unlabelled} has no effect, because no task of tasks reads labels")
        return self
