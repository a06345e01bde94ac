"""Prompts: what an embedding learns of the system that a window comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from twostage.config.base import Count, Section

_HEADS = 4


def _for_heads(dim: int) -> int:
    if dim % _HEADS:
        raise ValueError(f"{dim} is no multiple of {_HEADS}, the number of attention heads")
    return dim


class SystemPrompt(Section):
    """One learned vector per system, set beside or added to every token of its windows.

    A system's id is its row in the table. A row that no stage has trained is the small random vector that it was
    initialised as.
    """

    dim: Count = Field(64, description="Features of a system's vector.")
    combination: Literal["add", "concat"] = Field(
        "add", description="Add the vector to every token (mapped to its size), or set it beside and mix both."
    )
    max_systems: Count = Field(50, description="Rows of the table; ids of systems lie below it.")
    overflow: Literal["error", "wrap"] = Field(
        "error",
        description="Ids outside the table: refused, or taken modulo max_systems, so that systems share rows.",
    )

    def misfit(self, *, systems: Sequence[int]) -> str | None:
        """Say which system has no row, or None."""
        return None if self.overflow == "wrap" else outside("system", systems, self.max_systems)


class RigPrompt(Section):
    """One vector per window, made of learned vectors for its system and operating condition and of its sampling rate.

    Ids are rows of the tables. A row that no stage has trained is the small random vector that it was initialised as.
    """

    heads: ClassVar[int] = _HEADS

    dim: Annotated[Count, AfterValidator(_for_heads)] = Field(64, description="Features of the prompt.")
    fusion: Literal["attention", "concat", "gating"] = Field(
        "attention", description="How tokens meet the prompt: attend to it, are mixed with it, or are gated by it."
    )
    max_systems: Count = Field(50, description="Rows of the systems' table; ids of systems lie below it.")
    max_domains: Count = Field(50, description="Rows of the operating conditions' table; domain ids lie below it.")

    def misfit(self, *, systems: Sequence[int], domains: Sequence[int | None]) -> str | None:
        """Say which system or operating condition has no row, or None."""
        known = [domain for domain in domains if domain is not None]
        if len(known) < len(domains):
            return (
                "embedding.prompt is made of the operating condition, but the metadata table has no Domain_id for it; "
                "fill it in, or write embedding.prompt: null"
            )
        return outside("system", systems, self.max_systems) or outside("domain", known, self.max_domains)


def outside(what: str, ids: Sequence[int], rows: int) -> str | None:
    """Say which id of a system or domain has no row in the table of a prompt, or None."""
    outside = sorted({id_ for id_ in ids if not 0 <= id_ < rows})
    if not outside:
        return None
    rest = f"; write max_{what}s: {outside[-1] + 1} or more" if outside[0] >= 0 else "; ids count from 0"
    return f"embedding.prompt.max_{what}s is {rows}, but {what} {outside[0]} lies outside 0 to {rows - 1}{rest}"
