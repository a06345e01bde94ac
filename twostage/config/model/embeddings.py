"""Embeddings: from a window to tokens.

Each class says with ``misfit`` why it cannot embed certain windows, or None when it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, Count
from twostage.config.model.prompts import RigPrompt, SystemPrompt
from twostage.config.plugins import Family

Dropout = Annotated[float, Field(ge=0.0, lt=1.0)]


class EmbeddingConfig(Component):
    """What every embedding has; its fields also say ``patch_length``, ``patches`` and ``dim``."""

    kind: str

    def misfit(
        self,
        *,
        length: int | None = None,  # noqa: ARG002 - one signature for all
        channels: int | None = None,  # noqa: ARG002
        systems: Sequence[int] = (),  # noqa: ARG002
        domains: Sequence[int | None] = (),  # noqa: ARG002
    ) -> str | None:
        """Say why windows of such a length, number of channels, systems or domains cannot be embedded, or None."""
        return None


class TimedPatches(EmbeddingConfig):
    """Patches of a window with the time of every sample beside its value."""

    patch_length: Count = Field(64, description="Samples per patch.")
    patch_channels: Count = Field(1, description="Channels per patch.")
    patches: Count = Field(32, description="Patches (tokens) per window.")
    dim: Count = Field(64, description="Features per token.")
    starts: Literal["sorted", "random", "even"] = Field(
        "sorted", description="Patch starts in training: drawn and sorted, drawn in any order, or evenly spaced."
    )
    evaluation_starts: Literal["even", "as_training"] = Field(
        "even", description="Patch starts in evaluation: evenly spaced (repeatable), or as in training."
    )


class HSE(TimedPatches):
    """Patches with their own time axis, so that sampling rates may differ (Hierarchical Signal Embedding)."""

    implementation: ClassVar[str] = "twostage.models.embeddings.hse:HSE"
    legacy: ClassVar[str] = "E_01_HSE"

    kind: Literal["hse"] = "hse"


class HSEPrompt(TimedPatches):
    """HSE with one learned vector per system, and a layer norm."""

    implementation: ClassVar[str] = "twostage.models.embeddings.hse_prompt:HSEPrompt"
    legacy: ClassVar[str] = "HSE_prompt"

    kind: Literal["hse_prompt"] = "hse_prompt"
    prompt: SystemPrompt | None = Field(
        default_factory=SystemPrompt, description="The vectors, and how tokens meet them; null leaves them out."
    )
    dropout: Dropout = Field(0.1, description="Dropout of the tokens.")

    def misfit(
        self,
        *,
        length: int | None = None,  # noqa: ARG002 - one signature for all
        channels: int | None = None,  # noqa: ARG002
        systems: Sequence[int] = (),
        domains: Sequence[int | None] = (),  # noqa: ARG002
    ) -> str | None:
        """Say which system has no vector."""
        return None if self.prompt is None else self.prompt.misfit(systems=systems)


class HSEv2(TimedPatches):
    """HSE with a prompt made of system, operating condition and sampling rate, and a layer norm."""

    implementation: ClassVar[str] = "twostage.models.embeddings.hse_v2:HSEv2"
    legacy: ClassVar[str] = "E_01_HSE_v2"

    kind: Literal["hse_v2"] = "hse_v2"
    prompt: RigPrompt | None = Field(
        default_factory=RigPrompt, description="The prompt, and how tokens meet it; null leaves it out."
    )
    dropout: Dropout = Field(0.1, description="Dropout of the prompt, of its fusion with tokens, and of the result.")

    def misfit(
        self,
        *,
        length: int | None = None,  # noqa: ARG002 - one signature for all
        channels: int | None = None,  # noqa: ARG002
        systems: Sequence[int] = (),
        domains: Sequence[int | None] = (),
    ) -> str | None:
        """Say which system or operating condition has no vector."""
        return None if self.prompt is None else self.prompt.misfit(systems=systems, domains=domains)

    @model_validator(mode="after")
    def _heads_share_features(self) -> Self:
        if self.prompt is not None and self.prompt.fusion == "attention" and self.dim % RigPrompt.heads:
            raise ValueError(
                f"dim is {self.dim}, but prompt.fusion: attention has {RigPrompt.heads} heads with equally many "
                f"features each; make dim a multiple of {RigPrompt.heads}"
            )
        return self


class Patch(EmbeddingConfig):
    """Patches side by side, each mapped by two layers. They know neither their place nor the sampling rate."""

    implementation: ClassVar[str] = "twostage.models.embeddings.patch:Patch"
    legacy: ClassVar[str] = "E_03_Patch"

    kind: Literal["patch"] = "patch"
    patch_length: Count = Field(16, description="Samples per patch.")
    patches: Count = Field(64, description="Patches (tokens) per window: as many as fit side by side.")
    channels: Count = Field(1, description="Channels of the windows.")
    dim: Count = Field(64, description="Features per token.")
    hidden: Count | None = Field(None, description="Features between the two layers; null takes dim.")
    activation: Literal["gelu", "tanh", "sigmoid", "relu", "leaky_relu", "softplus", "elu", "silu"] = Field(
        "gelu", description="Activation between the two layers; leaky_relu has slope 0.1."
    )

    @property
    def patch_channels(self) -> int:
        """A patch holds all channels."""
        return self.channels

    def misfit(
        self,
        *,
        length: int | None = None,
        channels: int | None = None,
        systems: Sequence[int] = (),  # noqa: ARG002 - one signature for all
        domains: Sequence[int | None] = (),  # noqa: ARG002
    ) -> str | None:
        """Say that windows hold another number of patches or channels."""
        if length is not None and (fit := length // self.patch_length) != self.patches:
            return (
                f"embedding.patches is {self.patches}, but a window of {length} samples holds {fit} patches of "
                f"{self.patch_length} side by side; write patches: {fit}"
            )
        if channels is not None and channels != self.channels:
            return f"embedding.channels is {self.channels}, but windows have {channels} channel(s)"
        return None


Embedding = Annotated[HSE | HSEPrompt | HSEv2 | Patch, Family("twostage.embeddings", "kind", EmbeddingConfig)]
