"""What a multitask adaptation can learn: one class per task, each left out where it is null."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self, get_args

from pydantic import Field, model_validator

from twostage.config.base import Component, Count, FromList, Positive, Section
from twostage.config.model.heads import ClassificationHead, LinearHead
from twostage.config.model.task_heads import (
    AlarmHead,
    ForecastHead,
    ForecastPerceptron,
    LifeHead,
    ScalarPerceptron,
)
from twostage.config.stage_2.class_weights import CLASS_WEIGHTS_TEXT, ClassWeights
from twostage.config.stage_2.target import TaskName

TASK_NAMES: tuple[TaskName, ...] = get_args(TaskName)
Open = Annotated[float, Field(gt=0.0, lt=1.0)]


class Task(Component):
    """One question about a window."""

    weight: Positive = Field(1.0, description="Factor of the task's loss in the sum over tasks.")


class Classification(Task):
    """Which fault: cross entropy over the classes of the window's system."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.tasks.classification:Classification"

    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = Field(
        0.0, description="Share of the target that is spread evenly over the classes of the window's system."
    )
    class_weights: ClassWeights | None = Field(None, description=CLASS_WEIGHTS_TEXT)
    head: ClassificationHead = Field(default_factory=LinearHead, description="Classification head.")


class AnomalyDetection(Task):
    """Whether something is wrong: binary cross entropy; every class but 0 is an anomaly."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.tasks.anomaly:AnomalyDetection"

    class_weights: Annotated[tuple[Positive, Positive], FromList] | None = Field(
        None, description="Weights of normal and of anomalous windows; only their ratio counts. null weighs them alike."
    )
    threshold: Open = Field(0.5, description="Probability from which a window counts as anomalous.")
    head: AlarmHead = Field(default_factory=ScalarPerceptron, description="What answers the log-odds.")


class RulPrediction(Task):
    """How much life remains: squared error of the scaled remaining life."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.tasks.rul:RulPrediction"

    max_rul: Positive | None = Field(
        None, description="Targets are divided by it, in the table's unit; null takes the largest of the training part."
    )
    normalize_targets: bool = Field(default=True, description="Whether targets are divided at all.")
    head: LifeHead = Field(default_factory=ScalarPerceptron, description="What answers the scaled remaining life.")

    @model_validator(mode="after")
    def _no_idle_scale(self) -> Self:
        if self.max_rul is not None and not self.normalize_targets:
            raise ValueError("max_rul has no effect, because normalize_targets is false")
        return self


class SignalPrediction(Task):
    """How the signal goes on: squared error of the window's end, forecast from the rest."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.tasks.prediction:SignalPrediction"

    length: Count = Field(64, description="Samples of the window's end to forecast.")
    head: ForecastHead = Field(default_factory=ForecastPerceptron, description="What answers the window's end.")


class Tasks(Section):
    """The tasks that one model learns together; at least one."""

    classification: Classification | None = Field(None, description="Fault classes; null does not train it.")
    anomaly_detection: AnomalyDetection | None = Field(None, description="Normal or not; null does not train it.")
    rul_prediction: RulPrediction | None = Field(None, description="Remaining life; null does not train it.")
    signal_prediction: SignalPrediction | None = Field(None, description="The signal's end; null does not train it.")

    @property
    def written(self) -> dict[TaskName, Task]:
        """The tasks that are trained somewhere, in the order of the fields."""
        named = ((name, getattr(self, name)) for name in TASK_NAMES)
        return {name: task for name, task in named if task is not None}

    def blind(self, *, window: int, patch: int) -> str | None:
        """Say that a forecast leaves less than a patch of a window of ``window`` samples to see, or None."""
        if self.signal_prediction is None or window - self.signal_prediction.length >= patch:
            return None
        return (
            f"signal_prediction.length ({self.signal_prediction.length}) leaves less than a patch of {patch} samples "
            f"of a window of {window} to forecast from; forecast less, or use longer windows"
        )

    @model_validator(mode="after")
    def _something_to_learn(self) -> Self:
        if not self.written:
            raise ValueError(
                f"tasks names none; write at least one of {', '.join(TASK_NAMES)}, such as {TASK_NAMES[0]}: {{}}"
            )
        return self
