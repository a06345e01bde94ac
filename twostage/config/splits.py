"""What training, validation and test may not share: the unit of the split."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Count, Ids, Section, Share

SHARE_TOLERANCE = 1e-6


class _Shares(Section):
    train: Share = Field(0.6, description="Share of the units for training.")
    validation: Share = Field(0.2, description="Share of the units for model selection.")
    test: Share = Field(0.2, description="Share of the units for the final test; 0 leaves none.")
    seed: int = Field(0, ge=0, description="Seed of the draw of units. It does not follow the seeds of the run.")

    @model_validator(mode="after")
    def _shares_make_a_whole(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > SHARE_TOLERANCE:
            raise ValueError(f"train, validation and test must add up to 1, but add up to {total:g}")
        if self.train == 0.0:
            raise ValueError("train must be more than 0")
        return self


class RecordingSplit(_Shares):
    """Whole recordings, drawn per class."""

    unit: Literal["recording"] = "recording"


class BearingSplit(_Shares):
    """Whole physical bearings (column Bearing_id), drawn per class: the honest unit for a diagnosis claim."""

    unit: Literal["bearing"] = "bearing"
    few_bearings: Literal["error", "train_only", "exclude"] = Field(
        "error",
        description="What to do with a class that has fewer bearings than the split has parts.",
    )


class TimeSplit(_Shares):
    """Blocks of time inside each recording, with a gap. Shares no sample, but shares every bearing."""

    unit: Literal["time"] = "time"
    gap: Count | None = Field(None, description="Samples between blocks, at least one window; null takes one window.")


class _Holdout(Section):
    validation: Share = Field(0.2, description="Share of the training units taken for model selection.")
    validation_unit: Literal["recording", "bearing", "time"] = Field(
        "recording", description="Unit by which validation is taken from the training recordings."
    )
    seed: int = Field(0, ge=0, description="Seed of the draw of validation units.")


class DomainSplit(_Holdout):
    """Operating conditions held out for the test, in each system (domain generalisation)."""

    unit: Literal["domain"] = "domain"
    test_domains: Ids | None = Field(None, description="Domain ids that are tested.")
    train_domains: Ids | None = Field(None, description="Domain ids that are trained on; null takes all others.")
    last: Count | None = Field(None, description="Instead of test_domains: the last k domains of each system.")

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.test_domains is None) == (self.last is None):
            raise ValueError("name either test_domains or last, and not both")
        both = sorted(set(self.test_domains or ()) & set(self.train_domains or ()))
        if both:
            raise ValueError(f"domains {both} stand in train_domains and in test_domains")
        return self


class SystemSplit(_Holdout):
    """Whole systems held out for the test (cross-system generalisation)."""

    unit: Literal["system"] = "system"
    test_systems: Ids = Field(description="System ids that are tested.")


class AsExecutedSplit(Section):
    """What the last version of the old project did: validation and test contain training samples.

    Only documents that were converted with ``--reading as_executed`` may have it. Validation takes all windows of the
    training recordings, and the test all windows of the tested ones: every recording where no domain is named.
    """

    unit: Literal["as_executed"] = "as_executed"
    train: Annotated[float, Field(gt=0.0, le=1.0)] = Field(
        0.8, description="Share of each recording's windows for training: the first ones."
    )
    test_last: Count | None = Field(None, description="Test the last k domains, and train on all others.")
    pooled: bool = Field(
        default=False,
        description="test_last counts the domains of all systems together; otherwise those of each system.",
    )
    test_domains: Ids | None = Field(None, description="Instead of test_last: domain ids that are tested.")
    train_domains: Ids | None = Field(None, description="Domain ids that are trained on, with test_domains.")

    @property
    def validation(self) -> float:
        """Share of the windows of training recordings that validate: all of them."""
        return 1.0

    @model_validator(mode="after")
    def _one_selection(self) -> Self:
        if self.test_last is not None and self.test_domains is not None:
            raise ValueError("name either test_domains or test_last, and not both")
        if self.pooled and self.test_last is None:
            raise ValueError("pooled has no effect without test_last")
        if (self.train_domains is None) != (self.test_domains is None):
            raise ValueError("train_domains and test_domains are written together, or not at all")
        return self


Split = Annotated[
    RecordingSplit | BearingSplit | TimeSplit | DomainSplit | SystemSplit | AsExecutedSplit,
    Field(discriminator="unit"),
]
