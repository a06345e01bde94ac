"""Networks: how an encoder is made, of an embedding and a backbone, or as one whole.

A complete network answers one token for each window: ``dim`` says how many features it has, and ``misfit`` why it
cannot read certain windows, or None when it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from twostage.config.base import Component, Count, FromList
from twostage.config.plugins import Family, members


class NetworkConfig(Component):
    """What every network has."""

    kind: str


class ISFM(NetworkConfig):
    """An embedding, then a backbone: the industrial signal foundation model of PHM-Vibench."""

    implementation: ClassVar[str] = "twostage.models.network:Encoder"
    legacy: ClassVar[str] = "M_01_ISFM"

    kind: Literal["isfm"] = "isfm"


class CompleteNetwork(NetworkConfig):
    """What every network has that reads windows itself, without an embedding and a backbone of the document."""

    @property
    def dim(self) -> int:
        """Features of the one token that stands for a window."""
        raise NotImplementedError

    def misfit(
        self,
        *,
        length: int | None = None,  # noqa: ARG002 - one signature for all
        channels: int | None = None,  # noqa: ARG002
        systems: Sequence[int] = (),  # noqa: ARG002
        domains: Sequence[int | None] = (),  # noqa: ARG002
    ) -> str | None:
        """Say why windows of such a length, number of channels, systems or domains cannot be read, or None."""
        return None


class _Channelled(CompleteNetwork):
    """A network whose first layer is made for a number of channels."""

    channels: Count = Field(1, description="Channels of the windows.")

    def misfit(
        self,
        *,
        length: int | None = None,  # noqa: ARG002 - one signature for all
        channels: int | None = None,
        systems: Sequence[int] = (),  # noqa: ARG002
        domains: Sequence[int | None] = (),  # noqa: ARG002
    ) -> str | None:
        """Say that windows have another number of channels."""
        if channels is None or channels == self.channels:
            return None
        return f"network.channels is {self.channels}, but windows have {channels} channel(s)"


class ResNet1D(_Channelled):
    """Residual network of one-dimensional convolutions: a stem, four stages of blocks, and the mean over time."""

    implementation: ClassVar[str] = "twostage.models.networks.resnet1d:ResNet1D"
    legacy: ClassVar[str] = "ResNet1D"
    paper: ClassVar[str] = "He et al. 2016, Deep Residual Learning for Image Recognition"

    kind: Literal["resnet1d"] = "resnet1d"
    block: Literal["basic", "bottleneck"] = Field(
        "basic", description="Two convolutions of 3 per block, or one of 3 between two of 1, four times as wide."
    )
    layers: Annotated[tuple[Count, ...], FromList] = Field(
        (2, 2, 2, 2), description="Blocks of each of the four stages."
    )
    width: Count = Field(64, description="Features of the first stage; each later one has twice as many.")

    @model_validator(mode="after")
    def _four_stages(self) -> Self:
        if len(self.layers) != 4:  # noqa: PLR2004 - the architecture
            raise ValueError(f"layers has {len(self.layers)} entries, but there are four stages, such as [2, 2, 2, 2]")
        return self

    @property
    def dim(self) -> int:
        """Features after the last stage."""
        return self.width * 8 * (4 if self.block == "bottleneck" else 1)


Network = Annotated[ISFM | ResNet1D, Family("twostage.networks", "kind", NetworkConfig)]


def is_complete(written: object) -> bool:
    """Whether a section, or what is written of it, is a complete network."""
    kind = written.get("kind") if isinstance(written, dict) else getattr(written, "kind", None)
    chosen = members(Network).get(kind) if isinstance(kind, str) else None
    return chosen is not None and issubclass(chosen, CompleteNetwork)
