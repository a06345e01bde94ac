"""The data of a whole plan: one preparation for each variant of the document, over sources that they share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from twostage.components import build
from twostage.config.document import TwoStageConfig
from twostage.config.sharing import TRAINING, Texts
from twostage.config.variants import variants_of
from twostage.data.sources.base import Source
from twostage.engine.inputs.preparation import Preparation
from twostage.engine.inputs.stage_data import StageData
from twostage.engine.planning.plan import Stage
from twostage.errors import TwoStageError


@dataclass(frozen=True)
class _Shelf:
    """A source, and the digests of what was read of it."""

    source: Source
    digests: dict[int, str] = field(default_factory=dict)


class Workshop:
    """Prepares the data of every stage of a plan; reads each table, header and signal once."""

    def __init__(self, document: TwoStageConfig) -> None:
        self._documents = dict(variants_of(document))
        self._shelves: dict[str, _Shelf] = {}
        self._preparations: dict[str | None, Preparation] = {}
        self._alike: dict[tuple[str, ...], Preparation] = {}
        self._texts = Texts()
        self._surveys: dict[int, dict[int, str]] = {}
        # The targets are kept, so that nothing else gets their identity.
        self._prepared: dict[tuple[str | None, int], tuple[Any, StageData]] = {}

    @property
    def source_name(self) -> str:
        """Name of the source; the names of all where variants read several."""
        return "+".join(dict.fromkeys(self._shelf(config).source.name for config in self._documents.values()))

    def prepare(self, stage: Stage) -> StageData:
        """Split and windows of a stage; the same object for all that read the same. Raises DataError or SplitError."""
        target = getattr(stage, "target", None)
        name = stage.branch.variant, id(target)
        if name not in self._prepared:
            with _named(stage):
                self._prepared[name] = target, self._of(stage).prepare(stage)
        return self._prepared[name][1]

    def survey(self, stage: Stage) -> dict[int, str]:
        """Read every sample that ``stage`` may use, once; digests by recording id. Raises DataError, SplitError."""
        data = self.prepare(stage)
        if id(data) not in self._surveys:
            with _named(stage):
                self._surveys[id(data)] = self._of(stage).survey(data)
        return self._surveys[id(data)]

    def _of(self, stage: Stage) -> Preparation:
        variant = stage.branch.variant
        if variant not in self._preparations:
            config = self._documents[variant]
            inputs = _inputs(config, self._texts)
            if inputs not in self._alike:
                shelf = self._shelf(config)
                self._alike[inputs] = Preparation(config, shelf.source, shelf.digests)
            self._preparations[variant] = self._alike[inputs]
        return self._preparations[variant]

    def _shelf(self, config: TwoStageConfig) -> _Shelf:
        key = config.data.source.model_dump_json()
        if key not in self._shelves:
            self._shelves[key] = _Shelf(build(config.data.source))
        return self._shelves[key]


def _inputs(config: TwoStageConfig, texts: Texts) -> tuple[str, ...]:
    """All of a document but how it trains, as text: points of a sweep that differ by that alone read the same."""
    again = TRAINING | {"repeats", "control"}
    stages = texts.of(config.stage_1, TRAINING), texts.of(config.stage_2, again)
    return texts.of(config.data), texts.of(config.model), *stages


@contextmanager
def _named(stage: Stage) -> Iterator[None]:
    """Tell a mistake with the variant that it is in."""
    try:
        yield
    except TwoStageError as error:
        if stage.branch.variant is not None:
            error.add_note(f"This is variant {stage.branch.variant}.")
        raise
