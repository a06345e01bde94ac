"""Losses that compare the windows of a batch with one another."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, FromList, NonNegative, Positive, Section
from twostage.config.plugins import Family

Hardness = Annotated[
    NonNegative,
    Field(
        description="How much more the negatives that are near count (Robinson et al. 2021, concentration beta); 0 "
        "counts all alike."
    ),
]


class Comparison(Component):
    """A loss on vectors. What it needs of a batch decides with what else it can be written."""

    @property
    def needs_pairs(self) -> bool:
        """Whether a positive is the other half of a pair, of which there is one for each window."""
        return False

    @property
    def contrasts(self) -> bool:
        """Whether it is a softmax over similarities, so that it can have other rivals than those of the batch."""
        return False


class Paired(Comparison):
    """A loss of pairs."""

    @property
    def needs_pairs(self) -> bool:
        """A positive is the other half of a pair."""
        return True


class NTXent(Paired):
    """Normalised temperature-scaled cross entropy over pairs, or InfoNCE (Chen et al. 2020, SimCLR, eq. 1)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.supcon:SupCon"

    kind: Literal["nt_xent"] = "nt_xent"
    temperature: Positive = Field(0.1, description="Divides the cosine similarities.")
    hardness: Hardness = 0.0

    @property
    def contrasts(self) -> bool:
        """It is a softmax over similarities."""
        return True


class SupCon(Comparison):
    """The same over groups: mean over all positives of a window (Khosla et al. 2020, eq. 2)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.supcon:SupCon"

    kind: Literal["supcon"] = "supcon"
    temperature: Positive = Field(0.07, description="Divides the cosine similarities.")
    hardness: Hardness = 0.0

    @property
    def contrasts(self) -> bool:
        """It is a softmax over similarities."""
        return True


class Triplet(Comparison):
    """A positive must be nearer than a negative by a margin (Schroff et al. 2015; Hermans et al. 2017)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.triplet:Triplet"

    kind: Literal["triplet"] = "triplet"
    margin: Positive = Field(0.3, description="Margin between Euclidean distances of vectors of length 1.")
    miner: Literal["hard", "semihard", "all"] = Field(
        "hard",
        description="Triplets: for each window the farthest positive and the nearest negative; for each positive the "
        "nearest negative that is farther away than it (without one the farthest); or all there are.",
    )


class Prototypical(Comparison):
    """Each window is told by the class means of the other windows of its batch (Snell et al. 2017)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.prototypical:Prototypical"

    kind: Literal["prototypical"] = "prototypical"
    distance: Literal["euclidean", "cosine"] = Field(
        "euclidean", description="Distance to a class mean: squared Euclidean, or 1 minus the cosine."
    )
    temperature: Positive = Field(1.0, description="Divides the distances.")


class BarlowTwins(Paired):
    """Features of two views agree, and different features are uncorrelated (Zbontar et al. 2021)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.barlow_twins:BarlowTwins"

    kind: Literal["barlow_twins"] = "barlow_twins"
    lambda_: NonNegative = Field(5e-3, description="Weight of the correlations between different features.")


class VICReg(Paired):
    """Views agree, every feature varies, features are uncorrelated (Bardes et al. 2022)."""

    implementation: ClassVar[str] = "twostage.objectives.losses.vicreg:VICReg"

    kind: Literal["vicreg"] = "vicreg"
    invariance: NonNegative = Field(25.0, description="Weight of the mean squared difference of the views.")
    variance: NonNegative = Field(25.0, description="Weight of the standard deviations that fall short of 1.")
    covariance: NonNegative = Field(1.0, description="Weight of the covariances between different features.")

    @model_validator(mode="after")
    def _something_counts(self) -> Self:
        if self.invariance == self.variance == self.covariance == 0.0:
            raise ValueError("invariance, variance and covariance are all 0, so the loss would be a constant")
        return self


SingleLoss = Annotated[
    NTXent | SupCon | Triplet | Prototypical | BarlowTwins | VICReg,
    Family("twostage.metric_losses", "kind", Comparison),
]


class Term(Section):
    """One loss of several."""

    loss: SingleLoss = Field(description="The loss.")
    weight: Positive = Field(1.0, description="Its factor in the sum.")


class Ensemble(Comparison):
    """The weighted sum of several losses on the same vectors."""

    implementation: ClassVar[str] = "twostage.objectives.losses.ensemble:Ensemble"

    kind: Literal["ensemble"] = "ensemble"
    terms: Annotated[tuple[Term, ...], FromList, Field(min_length=2)] = Field(
        description="The losses, each with its weight."
    )

    @property
    def needs_pairs(self) -> bool:
        """Whether one of them does: then all of them compare pairs."""
        return any(term.loss.needs_pairs for term in self.terms)


MetricLoss = Annotated[
    NTXent | SupCon | Triplet | Prototypical | BarlowTwins | VICReg | Ensemble,
    Family("twostage.metric_losses", "kind", Comparison),
]
