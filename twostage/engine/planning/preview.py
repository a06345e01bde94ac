"""What a run would do, without doing it: stages, windows and parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import Parameter

from twostage.config.sharing import TRAINING, Texts
from twostage.data.recordings import PARTS, Notice
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.leftovers import refuse_leftovers
from twostage.engine.planning.plan import AdaptStage, Plan, Stage, is_trivial, section_of, trains
from twostage.engine.runner import build_objective
from twostage.engine.transfer.checkpoints import load_pretrained
from twostage.engine.transfer.heads import hand_over
from twostage.engine.workshop import Workshop


@dataclass(frozen=True)
class StagePreview:
    """One training that would run. ``windows`` counts train, validation and test."""

    name: str
    systems: tuple[int, ...]
    recordings: int
    windows: tuple[int, ...]
    parameters: int
    trained: int
    epochs: int
    notices: tuple[Notice, ...]


def preview(plan: Plan) -> list[StagePreview]:
    """Split and build every stage, train none, write nothing. Raises TwoStageError as a run would.

    Signals are not read, so that a sample that is no number is found by the run alone.
    """
    refuse_leftovers(plan.config)
    workshop = Workshop(plan.config)
    previews, networks = [], _Networks()
    for stage in plan.stages:
        data = workshop.prepare(stage)
        parameters, notices = networks.of(stage, data)
        moving = [parameter for parameter in parameters if parameter.requires_grad] if _learns(stage) else []
        previews.append(
            StagePreview(
                name=stage.name,
                systems=tuple(sorted({recording.system for recording in data.used})),
                recordings=len(data.used),
                windows=tuple(len(data.windows[part].rows) for part in PARTS),
                parameters=sum(parameter.numel() for parameter in parameters),
                trained=sum(parameter.numel() for parameter in moving),
                epochs=section_of(stage).epochs if trains(stage) else 0,
                notices=(*data.notices, *notices),
            )
        )
    return previews


def _learns(stage: Stage) -> bool:
    """Whether anything of the stage's network, of a copy for an episode, or of linear models takes on new values."""
    return trains(stage) or is_trivial(stage) or getattr(section_of(stage), "moves_encoder", False)


class _Networks:
    """Networks of stages, each kind built once."""

    def __init__(self) -> None:
        self._texts = Texts()
        self._known: dict[tuple[Any, ...], tuple[StageData, tuple[list[Parameter], tuple[Notice, ...]]]] = {}

    def of(self, stage: Stage, data: StageData) -> tuple[list[Parameter], tuple[Notice, ...]]:
        """The parameters of a stage, and what to know of its start."""
        about = self._texts.of(section_of(stage), TRAINING), self._texts.of(stage.config.model)
        start = (stage.variant, stage.checkpoint) if isinstance(stage, AdaptStage) else None
        name = (*about, start, id(data))
        if name not in self._known:  # the data are kept, so that nothing else gets their identity
            self._known[name] = data, _network(stage, data)
        return self._known[name][1]


def _network(stage: Stage, data: StageData) -> tuple[list[Parameter], tuple[Notice, ...]]:
    """Its parameters, and what to know of its start.

    They have sizes and no values, unless there is a checkpoint that must fit them.
    """
    config = stage.config
    if isinstance(stage, AdaptStage) and stage.checkpoint is not None and config.stage_2 is not None:
        network, start = build_objective(stage, data).network, load_pretrained(stage.checkpoint)
        hand_over(network, config, start, data.labels)
        return list(network.parameters()), start.notices
    with torch.device("meta"):
        return list(build_objective(stage, data).network.parameters()), ()
