"""Whether the encoder knows what it will be given: systems, operating conditions and channels."""

from __future__ import annotations

from twostage.config.model import ModelConfig
from twostage.engine.inputs.stage_data import StageData
from twostage.errors import DataError


def refuse_misfits(model: ModelConfig, data: StageData) -> None:
    """Raise DataError when the encoder has no place for a recording of the stage."""
    for recording in data.used:
        reason = model.misfit(channels=len(data.channels), systems=(recording.system,), domains=(recording.domain,))
        if reason is not None:
            raise DataError(f"recording {recording.id} of {recording.name} cannot be encoded: model.{reason}")
