"""What every network has, and what every complete network has.

A complete network reads windows itself and answers one token for each: ``dim`` says how many features it has, and
``misfit`` why it cannot read certain windows, or None when it can.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from twostage.config.base import Component, Count


class NetworkConfig(Component):
    """What every network has."""

    kind: str

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


class CompleteNetwork(NetworkConfig):
    """What every network has that reads windows itself, without an embedding and a backbone of the document."""

    @property
    def dim(self) -> int:
        """Features of the one token that stands for a window."""
        raise NotImplementedError

    @property
    def reach(self) -> int:
        """Samples that a window needs at least."""
        return 1


class Channelled(CompleteNetwork):
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
