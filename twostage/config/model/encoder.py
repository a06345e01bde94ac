"""The encoder: an embedding and a backbone, or a complete network in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from pydantic import Field, model_validator

from twostage.config.base import Count, Section
from twostage.config.model.backbones import Backbone, PatchTST
from twostage.config.model.embeddings import HSE, Embedding
from twostage.config.model.network_base import CompleteNetwork
from twostage.config.model.networks import ISFM, ISFMPrompt, Network, is_complete
from twostage.config.model.prompts import RigPrompt


class ModelConfig(Section):
    """The encoder that both stages share."""

    network: Network = Field(
        default_factory=ISFM,
        description="How the encoder is made: of embedding and backbone, or as a complete network without them.",
    )
    embedding: Embedding | None = Field(
        default_factory=HSE, description="Turns a window into tokens; null beside a complete network."
    )
    backbone: Backbone | None = Field(
        default_factory=PatchTST, description="Mixes the tokens; null beside a complete network."
    )

    max_parameters: Count = Field(
        1_000_000_000,
        description="Most parameters of a stage's network; a larger one is refused before it takes memory.",
    )

    @property
    def complete(self) -> CompleteNetwork | None:
        """The network that reads windows without embedding and backbone, or None where there is no such network."""
        return self.network if isinstance(self.network, CompleteNetwork) else None

    @property
    def patched(self) -> Embedding:
        """The embedding, for what needs patches. Raises ValueError beside a complete network."""
        if self.embedding is None:
            raise ValueError(f"network {self.network.kind} reads whole windows, and cuts no patches")
        return self.embedding

    @property
    def dim(self) -> int:
        """Features per token."""
        return self.patched.dim if self.complete is None else self.complete.dim

    @property
    def patches(self) -> int:
        """Tokens per window; a complete network answers one."""
        return self.patched.patches if self.complete is None else 1

    @property
    def reach(self) -> int:
        """Samples that a window needs at least."""
        return self.patched.patch_length if self.complete is None else self.complete.reach

    @property
    def has_prompt(self) -> bool:
        """Whether tokens meet what is learned of systems."""
        return isinstance(self.network, ISFMPrompt) or getattr(self.embedding, "prompt", None) is not None

    def misfit(
        self,
        *,
        length: int | None = None,
        channels: int | None = None,
        systems: Sequence[int] = (),
        domains: Sequence[int | None] = (),
    ) -> str | None:
        """Say why windows of such a length, number of channels, systems or domains cannot be encoded, or None."""
        readers = (self.network, *(() if self.embedding is None else (self.embedding,)))
        reasons = (each.misfit(length=length, channels=channels, systems=systems, domains=domains) for each in readers)
        return next((reason for reason in reasons if reason), None)

    @model_validator(mode="before")
    @classmethod
    def _a_whole_has_no_parts(cls, written: Any) -> Any:
        if isinstance(written, dict) and is_complete(written.get("network")):
            return {"embedding": None, "backbone": None} | written
        return written

    @model_validator(mode="after")
    def _parts_or_a_whole(self) -> Self:
        parts = {"embedding": self.embedding, "backbone": self.backbone}
        if self.complete is None:
            for name, part in parts.items():
                if part is None:
                    raise ValueError(
                        f"{name} is null, but network {self.network.kind} needs it; leave it out, or choose one"
                    )
        elif idle := [name for name, part in parts.items() if part is not None]:
            raise ValueError(
                f"{' and '.join(idle)} would have no effect, because network {self.network.kind} reads windows itself; "
                "leave it out, or write null"
            )
        return self

    @model_validator(mode="after")
    def _one_prompt(self) -> Self:
        if isinstance(self.network, ISFMPrompt):
            if getattr(self.embedding, "prompt", None) is not None:
                raise ValueError(
                    "network isfm_prompt has a prompt of its own; write embedding.prompt: null beside it, or network "
                    "isfm with the prompt of the embedding"
                )
            if self.network.prompt.fusion == "attention" and self.dim % RigPrompt.heads:
                raise ValueError(
                    f"embedding.dim is {self.dim}, but network.prompt.fusion: attention has {RigPrompt.heads} heads "
                    f"with equally many features each; make dim a multiple of {RigPrompt.heads}"
                )
        return self

    @model_validator(mode="after")
    def _backbone_fits_the_tokens(self) -> Self:
        if self.backbone is not None and (reason := self.backbone.misfit(dim=self.dim, patches=self.patches)):
            raise ValueError(reason)
        return self
