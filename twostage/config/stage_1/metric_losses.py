"""Losses that compare the windows of a batch with one another."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, NonNegative, Positive


class Comparison(Component):
    """A loss on vectors. What it needs of a batch decides with what else it can be written."""

    # A positive is the other half of a pair, and there is one for each window.
    needs_pairs: ClassVar[bool] = False


class NTXent(Comparison):
    """Normalised temperature-scaled cross entropy over pairs (Chen et al. 2020, SimCLR, eq. 1)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.supcon:SupCon"
    needs_pairs: ClassVar[bool] = True

    kind: Literal["nt_xent"] = "nt_xent"
    temperature: Positive = Field(0.1, description="Divides the cosine similarities.")


class SupCon(Comparison):
    """The same over groups: mean over all positives of a window (Khosla et al. 2020, eq. 2)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.supcon:SupCon"

    kind: Literal["supcon"] = "supcon"
    temperature: Positive = Field(0.07, description="Divides the cosine similarities.")


class Triplet(Comparison):
    """A positive must be nearer than a negative by a margin (Schroff et al. 2015; Hermans et al. 2017)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.triplet:Triplet"

    kind: Literal["triplet"] = "triplet"
    margin: Positive = Field(0.3, description="Margin between Euclidean distances of vectors of length 1.")
    miner: Literal["hard", "all"] = Field(
        "hard",
        description="Triplets: for each window the farthest positive and the nearest negative, or all there are.",
    )


class Prototypical(Comparison):
    """Each window is told by the class means of the other windows of its batch (Snell et al. 2017)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.prototypical:Prototypical"

    kind: Literal["prototypical"] = "prototypical"
    distance: Literal["euclidean", "cosine"] = Field(
        "euclidean", description="Distance to a class mean: squared Euclidean, or 1 minus the cosine."
    )
    temperature: Positive = Field(1.0, description="Divides the distances.")


class BarlowTwins(Comparison):
    """Features of two views agree, and different features are uncorrelated (Zbontar et al. 2021)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.barlow_twins:BarlowTwins"
    needs_pairs: ClassVar[bool] = True

    kind: Literal["barlow_twins"] = "barlow_twins"
    lambda_: NonNegative = Field(5e-3, description="Weight of the correlations between different features.")


class VICReg(Comparison):
    """Views agree, every feature varies, features are uncorrelated (Bardes et al. 2022)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.vicreg:VICReg"
    needs_pairs: ClassVar[bool] = True

    kind: Literal["vicreg"] = "vicreg"
    invariance: NonNegative = Field(25.0, description="Weight of the mean squared difference of the views.")
    variance: NonNegative = Field(25.0, description="Weight of the standard deviations that fall short of 1.")
    covariance: NonNegative = Field(1.0, description="Weight of the covariances between different features.")

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if self.invariance == self.variance == self.covariance == 0.0:
            raise ValueError("invariance, variance and covariance are all 0, so the loss would be a constant")
        return self


MetricLoss = Annotated[
    NTXent | SupCon | Triplet | Prototypical | BarlowTwins | VICReg,
    Field(discriminator="kind"),
]
