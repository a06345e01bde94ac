"""One sampling rate and one band for all recordings that an encoder shares."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Positive, Section

USUAL_END = 0.4  # of the rate
LAST_END = 0.45  # what is left up to half of the rate is the filter's to fall off


class CommonBand(Section):
    """Every recording is resampled to one rate, and filtered to one band.

    Windows, strides and gaps of the document then count samples of that rate.
    """

    kind: Literal["common"] = "common"
    rate: Positive = Field(description="Samples per second of every recording after resampling.")
    low: Positive | None = Field(
        None, description="Lower end of the band in Hz; nothing is left below half of it. Null cuts nothing off."
    )
    high: Positive | None = Field(
        None,
        description="Upper end of the band in Hz, at most 0.45 of rate; nothing is left above 1.1 times it. Null takes "
        "0.4 of rate.",
    )

    @property
    def top(self) -> float:
        """The upper end of the band."""
        return USUAL_END * self.rate if self.high is None else self.high

    @model_validator(mode="after")
    def _a_band(self) -> Self:
        if self.top > LAST_END * self.rate:
            raise ValueError(
                f"high ({self.top:g}) must be at most {LAST_END:g} of rate ({LAST_END * self.rate:g}), so that the "
                "filter has room to fall off"
            )
        if self.low is not None and self.low >= self.top:
            raise ValueError(f"low ({self.low:g}) must be less than the upper end of the band ({self.top:g})")
        return self


class AsRecorded(Section):
    """Recordings are taken as they are, also where their sampling rates differ; every report says so then."""

    kind: Literal["as_recorded"] = "as_recorded"


Band = Annotated[CommonBand | AsRecorded, Field(discriminator="kind")]
