"""All rules in the order in which they run: the mode of a stage first, then what depends on it."""

from __future__ import annotations

from collections.abc import Iterator

from twostage.legacy.core.backward import Wishes
from twostage.legacy.core.forward import Draft, Source, View
from twostage.legacy.core.mounts import Stage
from twostage.legacy.core.rule import Body, Rule, get
from twostage.legacy.rules import (
    across,
    adaptation,
    as_executed,
    cadence,
    comparing,
    data,
    environment,
    episodes,
    loggers,
    model,
    multitask,
    optimization,
    penalties,
    pretraining,
    scheduler,
    selection,
    split,
    strategy,
    trainer,
    unfreezing,
    zero_shot,
)
from twostage.legacy.variants import ask_variants, read_variants

FIRST: tuple[Rule, ...] = (pretraining.Mode(),)
DOCUMENT: tuple[Rule, ...] = (
    *environment.DOCUMENT,
    *loggers.DOCUMENT,
    *data.DOCUMENT,
    *model.DOCUMENT,
    *trainer.DOCUMENT,
    *as_executed.DOCUMENT,
)
STAGE: tuple[Rule, ...] = (
    *pretraining.STAGE,
    *strategy.STAGE,
    *comparing.STAGE,
    *across.STAGE,
    *zero_shot.STAGE,
    *episodes.STAGE,
    *multitask.STAGE,
    *adaptation.STAGE,
    *model.STAGE,
    *environment.STAGE,
    *optimization.STAGE,
    *scheduler.STAGE,
    *penalties.STAGE,
    *cadence.STAGE,
    *unfreezing.STAGE,
    *selection.STAGE,
    *split.STAGE,
    *data.STAGE,
    *as_executed.STAGE,
)
RULES: tuple[Rule, ...] = (*FIRST, *DOCUMENT, *STAGE)


def forward(source: Source) -> Draft:
    """The new document as far as rules make it."""
    draft = _forward(source)
    read_variants(source, draft, _forward)
    return draft


def _forward(source: Source) -> Draft:
    draft, layout = Draft(), source.layout
    for stage in layout.stages:
        for rule in FIRST:
            rule.forward(View(source, layout.sees[stage], stage), draft)
    for rule in DOCUMENT:
        rule.forward(View(source, layout.scopes()), draft)
    for stage in layout.stages:
        for rule in STAGE:
            rule.forward(View(source, layout.sees[stage], stage), draft)
    return draft


def backward(body: Body, wishes: Wishes) -> None:
    """Everything that the old document must say for this one."""
    _backward(body, wishes)
    ask_variants(body, wishes, _backward)


def _backward(body: Body, wishes: Wishes) -> None:
    for rule in DOCUMENT:
        rule.backward(body, None, wishes)
    for stage, rule in _of_stages(body, wishes):
        rule.backward(body, stage, wishes)


def _of_stages(body: Body, wishes: Wishes) -> Iterator[tuple[Stage, Rule]]:
    for stage in wishes.layout.stages:
        if get(body, stage)[0]:
            yield from ((stage, rule) for rule in (*FIRST, *STAGE))
