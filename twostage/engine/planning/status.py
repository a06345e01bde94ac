"""What of a plan is done, what would run, and about how long that takes. Writes nothing under the folder of results."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Literal

import torch

from twostage.config.garbage import no_garbage
from twostage.config.optimization import SGD
from twostage.config.sharing import TRAINING, Texts
from twostage.data.recordings import PARTS
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.leftovers import refuse_leftovers
from twostage.engine.outcome.artifacts import RunFolders, model_name
from twostage.engine.planning.keys import Keys, run_key
from twostage.engine.planning.plan import AdaptStage, Plan, Stage, section_of, trains
from twostage.engine.runner import build_objective
from twostage.engine.store.store import Record, Store
from twostage.engine.training.halfway import epochs_kept
from twostage.engine.workshop import Workshop

State = Literal["done", "running", "halfway", "to do"]

_VALUE = 4  # bytes of a weight, a gradient, or a state of an optimiser
_LOOKED_AT = 1000


@dataclass(frozen=True)
class StageStatus:
    """One training of a plan.

    ``kept`` counts the epochs that need not be trained again. ``memory`` are bytes of weights, gradients and states of
    the optimiser; what a batch takes comes on top. ``seconds`` is what the training took, or may take by what others
    took; None where none is like it. ``folder`` is where a finished one is.
    """

    name: str
    key: str
    state: State
    source: str | None
    epochs: int
    kept: int
    windows: tuple[int, ...]
    parameters: int
    trained: int
    memory: int
    seconds: float | None
    folder: Path | None


@dataclass(frozen=True)
class PlanStatus:
    """All trainings of a plan.

    ``directory`` is the folder of its run, where there is one already; ``parent`` is where a new one would be.
    """

    stages: tuple[StageStatus, ...]
    store: Path
    parent: Path
    directory: Path | None

    def count(self, state: State) -> int:
        """How many trainings are in this state."""
        return sum(stage.state == state for stage in self.stages)

    @property
    def waiting(self) -> tuple[StageStatus, ...]:
        """What is not done."""
        return tuple(stage for stage in self.stages if stage.state != "done")

    @property
    def trainings(self) -> tuple[StageStatus, ...]:
        """What is not done, each key once: stages with one key are one training."""
        return tuple({stage.key: stage for stage in reversed(self.waiting)}.values())[::-1]

    @property
    def seconds(self) -> float | None:
        """How long all that is not done takes, one after another; None where that is not known of some of it."""
        known = [each.seconds * _left(each) for each in self.trainings if each.seconds is not None]
        return sum(known) if len(known) == len(self.trainings) else None


def status_of(plan: Plan, root: Path) -> PlanStatus:
    """Look at every stage of a plan. Reads the signals, trains nothing. Raises TwoStageError as a run would."""
    with no_garbage():
        return _status_of(plan, root)


def _status_of(plan: Plan, root: Path) -> PlanStatus:
    refuse_leftovers(plan.config)
    workshop, store = Workshop(plan.config), Store(root)
    keys = Keys(workshop)
    by_name = keys.of(plan)
    records = {stage.name: store.find(by_name[stage.name]) for stage in plan.stages}
    past = _Past([*filter(None, records.values()), *islice(store.records(), _LOOKED_AT)])
    sizes = _Sizes()
    stages = tuple(
        _status(stage, by_name[stage.name], records[stage.name], store, workshop.prepare(stage), sizes, past, keys)
        for stage in plan.stages
    )
    parent = root / workshop.source_name / model_name(plan.config)
    return PlanStatus(stages, store.folder, parent, RunFolders(store).known(run_key(plan, by_name)))


def _status(  # noqa: PLR0917 - one look at everything
    stage: Stage,
    key: str,
    record: Record | None,
    store: Store,
    data: StageData,
    sizes: _Sizes,
    past: _Past,
    keys: Keys,
) -> StageStatus:
    state, kept = _state(store, key, record)
    windows = tuple(len(data.windows[part].rows) for part in PARTS)
    epochs = section_of(stage).epochs if trains(stage) else 0
    parameters, trained, memory = sizes.of(stage, data)
    like = keys.like(stage)
    seconds = past.of(like, epochs * windows[0]) if record is None else record.content["result"]["seconds"]
    return StageStatus(
        name=stage.name,
        key=key,
        state=state,
        source=stage.source if isinstance(stage, AdaptStage) else None,
        epochs=epochs,
        kept=kept,
        windows=windows,
        parameters=parameters,
        trained=trained,
        memory=memory,
        seconds=seconds,
        folder=None if record is None else record.folder,
    )


def _state(store: Store, key: str, record: Record | None) -> tuple[State, int]:
    if record is not None:
        return "done", 0
    work = store.work(key)
    if not os.path.isdir(work):  # noqa: PTH112 - of 10,000 stages
        return "to do", 0
    kept = epochs_kept(work)
    if store.leases.holder(work) is not None:
        return "running", kept
    return ("halfway" if kept else "to do"), kept


def _left(stage: StageStatus) -> float:
    return 1.0 - stage.kept / stage.epochs if stage.epochs else 1.0


class _Sizes:
    """Parameters of networks, built without values, each kind once."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[Any, tuple[int, int, int]]] = {}
        self._texts = Texts()

    def of(self, stage: Stage, data: StageData) -> tuple[int, int, int]:
        """All parameters, those that train, and the bytes that they take."""
        section = section_of(stage)
        states = int(section.optimizer.momentum > 0) if isinstance(section.optimizer, SGD) else 2
        about = self._texts.of(section, TRAINING), self._texts.of(stage.config.model)
        name = (*about, states, id(data), getattr(stage, "variant", None))
        if name not in self._known:
            with torch.device("meta"):
                parameters = list(build_objective(stage, data).network.parameters())
            all_ = sum(parameter.numel() for parameter in parameters)
            trained = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
            # The data are kept, so that nothing else gets their identity.
            self._known[name] = (data, (all_, trained, _VALUE * (all_ + (1 + states) * trained)))
        return self._known[name][1]


class _Past:
    """How long trainings took: like ones by their median, others by the pace of those of their kind."""

    def __init__(self, records: Iterable[Record]) -> None:
        like: dict[str, list[float]] = {}
        pace: dict[str, list[float]] = {}
        for record in records:
            seconds, about = record.content["result"]["seconds"], record.content["like"]
            like.setdefault(about["key"], []).append(seconds)
            if passes := record.content["result"]["epochs"] * about["windows"]:
                pace.setdefault(about["kind"], []).append(seconds / passes)
        self._like = {name: median(values) for name, values in like.items()}
        self._pace = {name: median(values) for name, values in pace.items()}

    def of(self, like: Mapping[str, Any], passes: int) -> float | None:
        """Seconds; ``passes`` counts each training window once for each epoch."""
        if like["key"] in self._like:
            return self._like[like["key"]]
        pace = self._pace.get(like["kind"])
        return None if pace is None else pace * passes
