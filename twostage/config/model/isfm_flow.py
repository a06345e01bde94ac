"""The trunk of a flow over whole windows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from twostage.config.base import Count, Section
from twostage.config.model.network_base import Channelled
from twostage.config.model.prompts import outside


class FlowCondition(Section):
    """Learned vectors of the window's system and operating condition, mixed into one. Id 0 stands for unknown."""

    dim: Count = Field(64, description="Features of what is told.")
    max_systems: Count = Field(50, description="Rows of the systems' table; ids of systems lie below it.")
    max_domains: Count = Field(50, description="Rows of the operating conditions' table; domain ids lie below it.")

    def misfit(self, *, systems: Sequence[int], domains: Sequence[int]) -> str | None:
        """Say which system or operating condition has no row, or None."""
        reason = outside("system", systems, self.max_systems) or outside("domain", domains, self.max_domains)
        return None if reason is None else reason.replace("embedding.prompt", "network.condition")


class ISFMFlow(Channelled):
    """The trunk of a rectified flow over whole windows, told the window's system and operating condition."""

    implementation: ClassVar[str] = "twostage.models.networks.isfm_flow:ISFMFlow"
    legacy: ClassVar[str] = "M_04_ISFM_Flow"
    paper: ClassVar[str] = "Liu et al. 2023, Flow Straight and Fast (rectified flow)"

    kind: Literal["isfm_flow"] = "isfm_flow"
    length: Count = Field(1024, description="Samples of the windows.")
    hidden: Count = Field(256, description="Features inside, and of the token.")
    time_dim: Annotated[int, Field(ge=4, multiple_of=2)] = Field(
        64, description="Features that tell the share of the window in a mixture with noise; even."
    )
    condition: FlowCondition | None = Field(
        default_factory=FlowCondition, description="What is told of a window; null tells nothing."
    )

    @property
    def dim(self) -> int:
        """Features of the trunk."""
        return self.hidden

    @property
    def reach(self) -> int:
        """All samples."""
        return self.length

    def misfit(
        self,
        *,
        length: int | None = None,
        channels: int | None = None,
        systems: Sequence[int] = (),
        domains: Sequence[int | None] = (),
    ) -> str | None:
        """Say that windows have another size, or which id has no vector."""
        if length is not None and length != self.length:
            return f"network.length is {self.length}, but windows have {length} samples; write length: {length}"
        known = [domain for domain in domains if domain is not None]
        told = None if self.condition is None else self.condition.misfit(systems=systems, domains=known)
        return super().misfit(channels=channels) or told
