"""What stage 2 adapts to."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from twostage.config.base import FromList, Ids, Section

TaskName: TypeAlias = Literal["classification", "anomaly_detection", "rul_prediction", "signal_prediction"]


class Target(Section):
    """What one adaptation is for: a system, or several that share one training."""

    system: int | None = Field(None, description="System id.")
    systems: Ids | Literal["all"] | None = Field(
        None, description="Instead of system: several ids, or all of the source, adapted to together."
    )
    tasks: Annotated[tuple[TaskName, ...], FromList, Field(min_length=1)] | None = Field(
        None, description="Tasks of stage_2.tasks to train here; null takes all. Only for adapt_mode multitask."
    )

    @model_validator(mode="after")
    def _distinct_tasks(self) -> Self:
        if self.tasks is not None and len(set(self.tasks)) != len(self.tasks):
            raise ValueError("tasks names one task twice")
        return self

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        if (self.system is None) == (self.systems is None):
            raise ValueError("name either system or systems, and not both")
        return self

    @property
    def ids(self) -> tuple[int, ...]:
        """The system ids, in the order written; none where all systems of the source are meant."""
        if self.system is not None:
            return (self.system,)
        return () if self.systems is None or self.systems == "all" else self.systems

    @property
    def everything(self) -> bool:
        """Whether all systems of the source are adapted to together."""
        return self.systems == "all"
