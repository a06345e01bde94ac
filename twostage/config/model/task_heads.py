"""Heads of the tasks of a multitask adaptation, and what they may share."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Component, Count, Positive
from twostage.config.model.embeddings import Dropout
from twostage.config.plugins import Family

Activation = Literal["relu", "gelu", "tanh", "sigmoid", "leaky_relu", "elu"]


class TaskHead(Component):
    """What every head of a task has."""

    kind: str


class ScalarPerceptron(TaskHead):
    """One number from the mean token, by a perceptron with one hidden layer as wide as a token."""

    implementation: ClassVar[str] = "twostage.models.heads.scalar:ScalarHead"

    kind: Literal["perceptron"] = "perceptron"


class _Narrowing(TaskHead):
    """A perceptron whose hidden layers each have half the features of the one before."""

    hidden: Annotated[int, Field(ge=2)] | None = Field(
        None, description="Features of the first hidden layer; null takes half of a token's."
    )
    layers: Annotated[int, Field(ge=1, le=2)] = Field(2, description="Hidden layers: one or two.")
    dropout: Dropout = Field(0.1, description="Dropout after each hidden layer.")
    activation: Activation = Field("relu", description="Activation of the hidden layers; leaky_relu has slope 0.1.")


class RulHead(_Narrowing):
    """Remaining life that cannot be negative: a rectifier, times a scale."""

    implementation: ClassVar[str] = "twostage.models.heads.rul:RulHead"
    legacy: ClassVar[str] = "H_05_RUL_pred"

    kind: Literal["rul"] = "rul"
    scale: Positive = Field(1.0, description="What the rectified number is multiplied by.")


class AnomalyHead(_Narrowing):
    """The log-odds that something is wrong, by a perceptron that narrows."""

    implementation: ClassVar[str] = "twostage.models.heads.anomaly:AnomalyHead"
    legacy: ClassVar[str] = "H_06_Anomaly_det"

    kind: Literal["anomaly"] = "anomaly"
    batch_norm: bool = Field(default=False, description="Whether hidden layers are normed over the batch.")


class ForecastPerceptron(TaskHead):
    """A perceptron from all tokens to all samples of the forecast, through few features."""

    implementation: ClassVar[str] = "twostage.models.heads.prediction:ForecastPerceptron"

    kind: Literal["perceptron"] = "perceptron"
    hidden: Count = Field(64, description="Features in its middle.")


class PredictionHead(TaskHead):
    """Few features of few mixtures of tokens, normed, and mapped to all samples of the forecast."""

    implementation: ClassVar[str] = "twostage.models.heads.prediction:PredictionHead"
    legacy: ClassVar[str] = "H_03_Linear_pred"

    kind: Literal["prediction"] = "prediction"
    hidden: Count = Field(64, description="Features, and mixtures; their product meets every sample of the forecast.")
    activation: Literal["relu", "gelu"] | None = Field("relu", description="Activation of both; null leaves it out.")


class MultitaskTrunk(TaskHead):
    """Two layers on the mean token that classification, anomalies and remaining life share."""

    implementation: ClassVar[str] = "twostage.models.heads.trunk:MultitaskTrunk"
    legacy: ClassVar[str] = "MultiTaskHead"

    kind: Literal["multitask"] = "multitask"
    hidden: Count = Field(256, description="Features of both layers, and of what the heads get.")
    batch_norm: bool = Field(default=True, description="Whether both layers are normed over the batch.")
    activation: Activation = Field("relu", description="Activation of both layers; leaky_relu has slope 0.1.")


LifeHead = Annotated[ScalarPerceptron | RulHead, Family("twostage.life_heads", "kind", TaskHead)]
AlarmHead = Annotated[ScalarPerceptron | AnomalyHead, Family("twostage.alarm_heads", "kind", TaskHead)]
ForecastHead = Annotated[ForecastPerceptron | PredictionHead, Family("twostage.forecast_heads", "kind", TaskHead)]
