"""A converted document that leaves something out does not run before someone has decided about it."""

from __future__ import annotations

from pydantic import BaseModel

from twostage.config.carrier import Refusal
from twostage.config.document import TwoStageConfig
from twostage.errors import TwoStageError


def refuse_leftovers(config: TwoStageConfig) -> None:
    """Raise TwoStageError for a part of a document, and while a converted one lists anything as refused."""
    if config.is_part:
        raise TwoStageError("this is a part of a document; to run it write stage_1 or stage_2, or run what it is for")
    refused = () if config.legacy is None else config.legacy.refused
    refused = tuple(entry for entry in refused if not _settled(entry, config))
    if refused:
        reasons = "\n".join(f"  {entry.key}: {entry.reason}" for entry in refused)
        raise TwoStageError(
            "the old document asks for what this one leaves out:\n"
            f"{reasons}\n"
            "write what should run instead; where that settles nothing, delete the entry under legacy.refused"
        )


def _settled(entry: Refusal, config: TwoStageConfig) -> bool:
    """Whether someone has written what the entry asks for: defaults settle nothing."""
    return bool(entry.write) and all(_written(config, key) for key in entry.write)


def _written(config: TwoStageConfig, key: str) -> bool:
    section: object = config
    for name in key.split("."):
        if not isinstance(section, BaseModel) or name not in section.model_fields_set:
            return False
        section = getattr(section, name)
    return True
