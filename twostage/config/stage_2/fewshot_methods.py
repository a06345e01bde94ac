"""How an episode is answered: one class per ``method.kind``."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Component, Count, Positive

_SHARPNESS = {"cosine": 0.1}


def _temperature(written: dict[str, Any]) -> float:
    """Cosines lie between -1 and 1, which alone would leave every answer near chance."""
    return _SHARPNESS.get(written.get("distance", ""), 1.0)


_TEMPERATURE_TEXT = "Divides what is compared; without it 0.1 for cosine and 1 otherwise."


class Prototypical(Component):
    """The nearest mean of a class's support (Snell, Swersky and Zemel 2017); trains the encoder by episodes."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.episodes.prototypical:Prototypical"

    kind: Literal["prototypical"] = "prototypical"
    distance: Literal["euclidean", "cosine"] = Field(
        "euclidean", description="Squared Euclidean distance, or one minus the cosine."
    )
    temperature: Positive = Field(default_factory=_temperature, description=_TEMPERATURE_TEXT)


class Matching(Component):
    """Attention over the support (Vinyals et al. 2016, without full context); trains the encoder by episodes."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.episodes.matching:Matching"

    kind: Literal["matching"] = "matching"
    distance: Literal["cosine", "euclidean", "dot"] = Field(
        "cosine", description="Cosine, negative squared Euclidean distance, or dot product of two features."
    )
    temperature: Positive = Field(default_factory=_temperature, description=_TEMPERATURE_TEXT)


class Neighbours(Component):
    """The classes of the nearest support windows; trains nothing."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.episodes.neighbours:Neighbours"

    kind: Literal["neighbours"] = "neighbours"
    neighbours: Count = Field(1, description="Support windows that vote; at most shots.")


class LinearProbe(Component):
    """Logistic regression on features of length 1 (Tian et al. 2020); trains nothing that stays."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.episodes.linear_probe:LinearProbe"

    kind: Literal["linear_probe"] = "linear_probe"
    l2: Positive = Field(
        1.0, description="Weight of half the squared norm beside the summed cross entropy: 1 / C of scikit-learn."
    )


class EpisodeFinetune(Component):
    """A linear head, and what is not frozen of the encoder, trained on the support of each episode anew."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.episodes.finetune:EpisodeFinetune"

    kind: Literal["finetune"] = "finetune"
    steps: Count = Field(50, description="Steps of Adam, each on the whole support.")
    lr: Positive = Field(1e-3, description="Learning rate.")


Method = Annotated[
    Prototypical | Matching | Neighbours | LinearProbe | EpisodeFinetune,
    Field(discriminator="kind"),
]
