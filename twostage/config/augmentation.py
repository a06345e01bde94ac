"""Random changes of a window that leave the machine's state as it is."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, FromList, Positive, Share
from twostage.config.plugins import Family

_Probability = Annotated[Share, Field(description="Share of windows that are changed.")]


class Corruption(Component):
    """A change that spoils a window: what has to be restored of it, or forecast, is told from the window without it.

    Any other change belongs to the window that is to be restored, because nothing in it tells how to undo the change.
    """

    corrupts: ClassVar[bool] = True


class Noise(Corruption):
    """White Gaussian noise at a signal-to-noise ratio drawn per window."""

    implementation: ClassVar[str] = "twostage.objectives.augmentation:Noise"

    kind: Literal["noise"] = "noise"
    snr_low: float = Field(5.0, description="Lowest signal-to-noise ratio in dB.")
    snr_high: float = Field(20.0, description="Highest signal-to-noise ratio in dB.")
    probability: _Probability = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.snr_low > self.snr_high:
            raise ValueError("snr_low must not exceed snr_high")
        return self


class Jitter(Corruption):
    """White Gaussian noise of one standard deviation, whatever the signal's power (Um et al. 2017)."""

    implementation: ClassVar[str] = "twostage.objectives.augmentation:Jitter"

    kind: Literal["jitter"] = "jitter"
    std: Positive = Field(0.05, description="Standard deviation, in the unit of the window after normalisation.")
    probability: _Probability = 1.0


class Scale(Component):
    """One gain per window, drawn uniformly."""

    implementation: ClassVar[str] = "twostage.objectives.augmentation:Scale"

    kind: Literal["scale"] = "scale"
    low: float = Field(0.8, gt=0.0, description="Smallest gain.")
    high: float = Field(1.25, gt=0.0, description="Largest gain.")
    probability: _Probability = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        return self


class Shift(Component):
    """Circular shift in time by up to a share of the window."""

    implementation: ClassVar[str] = "twostage.objectives.augmentation:Shift"

    kind: Literal["shift"] = "shift"
    share: Share = Field(0.5, description="Largest shift as a share of the window.")
    probability: _Probability = 1.0


class Polarity(Component):
    """The sign of the whole window is turned, as if the sensor were mounted the other way round."""

    implementation: ClassVar[str] = "twostage.objectives.augmentation:Polarity"

    kind: Literal["polarity"] = "polarity"
    probability: _Probability = 0.5


class BandMask(Corruption):
    """Frequencies of one band are taken out, in all channels alike (Park et al. 2019, SpecAugment, on one window)."""

    implementation: ClassVar[str] = "twostage.objectives.augmentation:BandMask"

    kind: Literal["band_mask"] = "band_mask"
    share: Annotated[float, Field(gt=0.0, lt=1.0)] = Field(
        0.15, description="Widest band as a share of the frequencies up to half the sampling rate."
    )
    probability: _Probability = 1.0


class Speed(Component):
    """The window is resampled as if the machine ran at another speed: all frequencies are multiplied by one ratio.

    Above 1, frequencies that would pass half the sampling rate are taken out, and the window goes on from its beginning
    where its samples run out, as in a circular shift.
    """

    implementation: ClassVar[str] = "twostage.objectives.augmentation:Speed"

    kind: Literal["speed"] = "speed"
    low: Positive = Field(0.9, description="Smallest ratio.")
    high: Positive = Field(1.1, description="Largest ratio.")
    probability: _Probability = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError("low must not exceed high")
        if self.low == self.high == 1.0:
            raise ValueError("low and high are both 1, so the speed would stay as it is")
        return self


Augmentation = Annotated[
    Noise | Jitter | Scale | Shift | Polarity | BandMask | Speed,
    Family("twostage.augmentations", "kind"),
]

Augmentations = Annotated[tuple[Augmentation, ...], FromList]


def corrupts(augmentation: Component) -> bool:
    """Whether it spoils what is seen and leaves what has to be restored as it is; those of packages may say so."""
    return bool(getattr(augmentation, "corrupts", False))
