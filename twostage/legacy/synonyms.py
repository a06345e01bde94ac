"""Old names of one quantity, as the rules know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from twostage.legacy.core.forward import Names
from twostage.legacy.core.rule import Scalar
from twostage.legacy.rules import (
    across,
    adaptation,
    cadence,
    comparing,
    data,
    environment,
    episodes,
    model,
    model_tables,
    multitask,
    networks,
    optimization,
    penalties,
    pretraining,
    scheduler,
    selection,
    split,
    trainer,
    unfreezing,
)

# Quantities with one name, which the rules write where they use it.
_SINGLE: tuple[Names, ...] = (
    ("task.contrast_weight",),
    ("task.classification_weight",),
    ("task.temperature",),
    ("task.alpha_prediction",),
    ("task.matching_metric",),
    ("task.metric_loss",),
    ("task.margin",),
    ("task.barlow_lambda",),
    ("task.target_domain_num",),
    ("task.target_domain_id",),
    ("task.source_domain_id",),
    (pretraining.FLOW_SWITCH,),
    across.SAMPLING,
    across.ACROSS,
)


def _groups() -> Iterator[Names]:
    """Every group, its names in the order in which they decide."""
    yield from (optimization.EPOCHS, optimization.OPTIMIZER, optimization.LR, optimization.WEIGHT_DECAY)
    yield from (selection.MONITOR, selection.SWITCH, selection.PATIENCE, selection.MIN_DELTA)
    yield from (data.BATCH, data.LENGTH, split.TRAIN, scheduler.KIND, (*model.COMPARED, networks.BACKBONE))
    yield from ((*environment.LISTS, *environment.SEEDS), (*environment.LISTS, *environment.REPEATS))
    yield from (adaptation.CHECKPOINT, *adaptation.MULTIPLIERS.values(), *adaptation.FROZEN.values(), multitask.ENABLED)
    yield from (*penalties.FACTORS.values(), cadence.EPOCHS, cadence.WITHIN, unfreezing.SWITCH, unfreezing.SCHEDULE)
    yield from (*unfreezing.WAITS.values(), *(names for names, _ in selection.KEPT.values()))
    yield from (pretraining.SYSTEMS_PROPER, pretraining.RATIO, pretraining.FORECAST, pretraining.PROJECTION)
    for rule in (*environment.DOCUMENT, *data.DOCUMENT, *trainer.DOCUMENT):
        if isinstance(rule, Scalar):
            yield rule.old
    models = (model_tables.EMBEDDINGS, model_tables.BACKBONES, networks.NETWORKS)
    for table in (scheduler.OPTIONS, multitask.OPTIONS, *models):
        for options in table.values():
            yield from (names for _, names, _ in options)
    yield from (names for _, names, _ in (*episodes.KEYS, *pretraining.FLOW_CONTRAST))
    yield from (episodes.SHOTS, adaptation.HANDED_ON, pretraining.ReconstructionLoss.names)
    yield from (comparing.WEIGHT, comparing.MOMENTUM_SWITCH, comparing.MOMENTUM, comparing.QUEUE, comparing.HARD)
    yield from (comparing.PROMPT, comparing.PROMPT_TEMPERATURE, (pretraining.PROJECTS,))
    yield from (pretraining.LOSS, split.VALIDATION, split.TEST, data.STRIDE, data.AMOUNT, data.PLACEMENT)
    yield from _SINGLE
    yield from (multitask._weights(task) for task in multitask.TASKS)  # noqa: SLF001 - the tuple has no name of its own


_ALL: tuple[Names, ...] = tuple(dict.fromkeys(_groups()))
GROUPS: tuple[Names, ...] = tuple(group for group in _ALL if len(group) > 1)
KNOWN: frozenset[str] = frozenset(name for group in _ALL for name in group)


_BY_KEY: Mapping[str, tuple[str, ...]] = {
    key: tuple(dict.fromkeys(name for group in GROUPS if key in group for name in group if name != key))
    for key in dict.fromkeys(name for group in GROUPS for name in group)
}


# Other quantities that count first, and never the other way round.
_BEFORE: Mapping[str, tuple[str, ...]] = {split.TESTED: (split.LAST,), split.TRAINED: (split.LAST,)}


def synonyms(key: str) -> tuple[str, ...]:
    """Other names of the quantities that a key may mean, and names that count before it; the first one decides."""
    return (*_BEFORE.get(key, ()), *_BY_KEY.get(key, ()))
