"""What stage 2 adapts to."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from twostage.config.base import Ids, Section


class Target(Section):
    """What one adaptation is for: a system, or several that share one training."""

    system: int | None = Field(None, description="System id.")
    systems: Ids | None = Field(None, description="Instead of system: several ids, adapted to together.")

    @model_validator(mode="after")
    def _one_spelling(self) -> Self:
        if (self.system is None) == (self.systems is None):
            raise ValueError("name either system or systems, and not both")
        return self

    @property
    def ids(self) -> tuple[int, ...]:
        """The system ids, in the order written."""
        return (self.system,) if self.system is not None else tuple(self.systems or ())
