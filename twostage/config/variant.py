"""A run of the whole document with some keys set to other values."""

from __future__ import annotations

import re
from typing import Any, Self

from pydantic import Field, model_validator

from twostage.config.base import Section

_KEY = re.compile(r"[A-Za-z_]\w*(\[\d+\])*(\.\w+(\[\d+\])*)*")
# The variants of a document are one run: one name, one folder, one document of what they came from.
_OF_THE_RUN = ("version", "name", "loggers", "executor", "output", "variants", "sweep", "bases", "legacy")


class Variant(Section):
    """One way to run the document."""

    name: str = Field(
        description="Name of the variant, also of its folder.",
        max_length=64,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$",
    )
    set: dict[str, Any] = Field(
        default_factory=dict,
        description="Values by dotted key, such as data.window.length: 512; without any the document runs as it is.",
    )

    @model_validator(mode="after")
    def _keys_of_a_run(self) -> Self:
        for key in self.set:
            refuse_key(key, "set")
        return self


def refuse_key(key: str, where: str) -> None:
    """Raise ValueError for what is no dotted key, or a key that all trainings of a run share."""
    if not _KEY.fullmatch(key):
        raise ValueError(f"{where} names {key!r}, which is no dotted key such as data.batch_size")
    if re.split(r"[.\[]", key)[0] in _OF_THE_RUN:
        raise ValueError(f"{where} names {key}, which is the same for all variants of a run")


def distinct(variants: tuple[Variant, ...]) -> tuple[Variant, ...]:
    """The same variants. Raises ValueError where two names would be one folder, on any file system."""
    names = [variant.name.casefold() for variant in variants]
    twice = next((variant.name for variant in variants if names.count(variant.name.casefold()) > 1), None)
    if twice is not None:
        raise ValueError(f"two variants are called {twice} (upper and lower case are not told apart)")
    return variants
