"""The trivial control of a stage: what its band energies are taken from."""

from __future__ import annotations

from typing import Any

from twostage.engine.inputs.stage_data import StageData
from twostage.engine.planning.plan import Stage, section_of
from twostage.models.bands import BandEnergies
from twostage.objectives.adapt.trivial import fit, trivial_objective
from twostage.objectives.base import Objective

__all__ = ["fit", "objective_of"]


def objective_of(stage: Stage, data: StageData) -> Objective:
    """Band energies up to half the lowest sampling rate, and the objective of the stage on top."""
    top = min(recording.sample_rate for recording in data.used) / 2
    features = BandEnergies(length=data.config.window.length, channels=len(data.channels), top=top)
    extra: dict[str, Any] = {} if data.targets is None else {"targets": data.targets}
    classes = {} if data.labels is None else data.labels.counts
    written: Any = section_of(stage)
    return trivial_objective(written, features, classes=classes, **extra)
