"""A network of named transforms and named statistics."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from twostage.config.base import Count, FromList, NonNegative, Positive
from twostage.config.model.network_base import Channelled

Transform = Literal["identity", "envelope", "wave_filter", "laplace"]
Statistic = Literal[
    "mean",
    "std",
    "var",
    "entropy",
    "max",
    "min",
    "abs_mean",
    "kurtosis",
    "rms",
    "crest_factor",
    "skewness",
    "clearance_factor",
    "shape_factor",
]


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{twice} is named more than once")
    return names


Transforms = Annotated[tuple[Transform, ...], FromList, Field(min_length=1), AfterValidator(_distinct)]
Statistics = Annotated[tuple[Statistic, ...], FromList, Field(min_length=1), AfterValidator(_distinct)]


class TSPN(Channelled):
    """Transparent signal processing: layers of named transforms, then named statistics of their outputs."""

    implementation: ClassVar[str] = "twostage.models.networks.tspn:TSPN"
    legacy: ClassVar[str] = "TSPN"
    paper: ClassVar[str] = "Li et al. 2024, Transparent Information Fusion Network (TSPN)"

    kind: Literal["tspn"] = "tspn"
    layers: Annotated[tuple[Transforms, ...], FromList, Field(min_length=1)] = Field(
        (("laplace", "wave_filter", "envelope", "identity"),) * 2,
        description="Transforms of each layer; each gets an equal share of the layer's channels.",
    )
    width: Count = Field(16, description="Channels of every layer; a multiple of each layer's number of transforms.")
    features: Statistics = Field(get_args(Statistic), description="Statistics over time that describe every channel.")
    skip: bool = Field(default=True, description="Whether each layer adds a linear map of its input to its output.")
    hidden: Count = Field(128, description="Features of the token that the statistics are mapped to.")
    centre: NonNegative = Field(
        0.1, description="Mean centre of the wave filters at the start, as a share of the rate."
    )
    centre_spread: NonNegative = Field(0.1, description="Spread of the centres at the start.")
    band: Positive = Field(0.1, description="Mean width of the wave filters at the start, as a share of the rate.")
    band_spread: NonNegative = Field(0.05, description="Spread of the widths at the start.")

    @property
    def dim(self) -> int:
        """Features after the statistics are mapped."""
        return self.hidden

    @model_validator(mode="after")
    def _even_shares(self) -> Self:
        for position, transforms in enumerate(self.layers):
            if self.width % len(transforms):
                raise ValueError(
                    f"width is {self.width}, but layers[{position}] has {len(transforms)} transforms that share it "
                    "evenly; make width a multiple"
                )
        return self
