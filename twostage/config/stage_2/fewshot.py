"""Few-shot adaptation by episodes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Count, FromList
from twostage.config.optimization import CheckpointConfig
from twostage.config.stage import TRAINING_KEYS
from twostage.config.stage_2.base import WHOLE, Adaptation, Freeze
from twostage.config.stage_2.fewshot_methods import EpisodeFinetune, Matching, Method, Neighbours, Prototypical
from twostage.config.stage_2.measures import EPISODES, never_logged


class FewshotConfig(Adaptation):
    """Tell classes apart from a few windows of each, in episodes of a support and a query from other units."""

    implementation: ClassVar[str] = "twostage.objectives.adapt.fewshot:Fewshot"
    training_keys: ClassVar[tuple[str, ...]] = ("epochs", *TRAINING_KEYS, "episodes_per_epoch")

    adapt_mode: Literal["fewshot"] = "fewshot"
    method: Method = Field(default_factory=Prototypical, description="How an episode is answered.")
    ways: Annotated[int, Field(ge=2)] | None = Field(
        None, description="Classes of an episode, drawn anew for each; null takes every class."
    )
    shots: Annotated[tuple[Count, ...], FromList] = Field(
        (1,), description="Support windows of each class; one adaptation for each entry.", min_length=1
    )
    queries: Count = Field(15, description="Query windows of each class.")
    episodes: Count = Field(100, description="Episodes of each validation and of the test.")
    episodes_per_epoch: Count = Field(100, description="Training episodes of an epoch; each is one batch.")
    support_unit: Literal["bearing", "recording", "window"] = Field(
        "bearing", description="What the support and the query of an episode may not share."
    )
    systems_per_episode: Count | None = Field(None, description="Systems drawn for an episode; null takes all.")
    domains_per_episode: Count | None = Field(
        None, description="Domains drawn for each system, each a task of its own; null does not look at domains."
    )
    freeze: Freeze = Field(default_factory=Freeze, description="Parts of the encoder that do not train.")
    checkpoint: CheckpointConfig = Field(
        default_factory=lambda: CheckpointConfig(monitor="validation/accuracy", mode="max"),
        description="Which epoch's weights are kept.",
    )

    @property
    def trains(self) -> bool:
        """Whether episodes train the encoder: else it answers as it came."""
        return isinstance(self.method, Prototypical | Matching) and not self._all_frozen

    @property
    def shots_of_stage(self) -> int:
        """Support windows of each class, where the plan has chosen one entry of ``shots``."""
        (shots,) = self.shots
        return shots

    @property
    def moves_encoder(self) -> bool:
        """Whether episodes train the encoder, or each fine-tunes a copy of it."""
        return self.trains or (isinstance(self.method, EpisodeFinetune) and not self._all_frozen)

    def as_untrained(self) -> Self:
        """The same episodes, answered by an encoder that stays as it was initialised."""
        return self.model_copy(update={"freeze": WHOLE, "control": "none"}) if self.moves_encoder else self

    @property
    def _all_frozen(self) -> bool:
        return self.freeze.embedding and self.freeze.backbone

    @model_validator(mode="after")
    def _distinct_shots(self) -> Self:
        if len(set(self.shots)) != len(self.shots):
            raise ValueError("shots names one number twice")
        return self

    @model_validator(mode="after")
    def _voters_exist(self) -> Self:
        if isinstance(self.method, Neighbours) and self.method.neighbours > min(self.shots):
            raise ValueError(
                f"method.neighbours ({self.method.neighbours}) is more than shots ({min(self.shots)}), so windows of "
                "other classes would have to vote"
            )
        return self

    @model_validator(mode="after")
    def _an_episode_is_a_batch(self) -> Self:
        if self.batch_size is not None:
            raise ValueError("batch_size would have no effect: a batch is an episode; change ways, shots or queries")
        if self.sampler.kind != "balanced":
            raise ValueError(f"sampler {self.sampler.kind} would have no effect: a batch is an episode; leave it out")
        return self

    @model_validator(mode="after")
    def _nothing_idle(self) -> Self:
        kind = self.method.kind
        if not self.trains:
            why = "freeze keeps all of it" if self._all_frozen else f"method {kind} does not train it"
            self.refuse_idle_keys(f"no episode trains the encoder ({why})")
        if not isinstance(self.method, Prototypical | Matching | EpisodeFinetune) and self.freeze != Freeze():
            raise ValueError(f"freeze would have no effect: method {kind} does not train the encoder")
        return self

    @model_validator(mode="after")
    def _monitor_is_logged(self) -> Self:
        if self.trains and self.implementation == FewshotConfig.implementation:  # a class of a package may log more
            for target in self.targets:
                if reason := never_logged(self.checkpoint.monitor, EPISODES, (), target, "fewshot"):
                    raise ValueError(reason)
        return self
