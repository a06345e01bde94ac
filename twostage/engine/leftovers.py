"""A converted document that leaves something out does not run before someone has decided about it."""

from __future__ import annotations

from twostage.config.document import TwoStageConfig
from twostage.errors import TwoStageError


def refuse_leftovers(config: TwoStageConfig) -> None:
    """Raise TwoStageError while the carrier of a converted document lists anything as refused."""
    refused = () if config.legacy is None else config.legacy.refused
    if refused:
        reasons = "\n".join(f"  {entry.key}: {entry.reason}" for entry in refused)
        raise TwoStageError(
            "the old document asks for what this one leaves out:\n"
            f"{reasons}\nwrite what should run instead, and delete the entry under legacy.refused"
        )
