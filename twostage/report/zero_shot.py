"""Zero-shot results: what the encoder of stage 1 knew before it adapted, beside an untrained one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from twostage.report.groups import ENCODER, groups, titled
from twostage.report.manifest import StageEntry, labels
from twostage.report.spread import Spread

_METHODS = {"prototype": "class mean", "knn": "neighbours"}
_VARIANTS = {"pretrained": "pretrained", None: "pretrained", "from_scratch": "untrained", "untrained": "untrained"}


def zero_shot_view(stages: Sequence[StageEntry]) -> list[Table]:
    """One table of accuracies for each encoder, none where zero-shot was not asked for."""
    asked = [stage for stage in stages if any(name.startswith("zero_shot/") for name in stage.metrics)]
    return [_table(group, _once(measured)) for group, measured in groups(asked, ENCODER).items()]


def _once(stages: Sequence[StageEntry]) -> list[StageEntry]:
    """Without those that would measure an encoder again, before another adaptation of it."""
    found: dict[tuple[object, ...], StageEntry] = {}
    for stage in stages:
        found.setdefault((stage.branch.get("seed", stage.seed), stage.variant, stage.systems), stage)
    return list(found.values())


def _table(group: str, measured: Sequence[StageEntry]) -> Table:
    table = Table(
        title=titled("Zero-shot accuracy on the test", group),
        caption=" ".join(
            [*labels(measured), "Features of the encoder before it adapts. Untrained: as it was initialised."]
        ),
        caption_justify="left",
    )
    for title in ("system", "method", "pretrained", "untrained", "gain"):
        table.add_column(title, justify="left" if title == "method" else "right")
    for target, system in dict.fromkeys((stage.systems, system) for stage in measured for system in _systems(stage)):
        mine = [stage for stage in measured if stage.systems == target]
        for method, words in _METHODS.items():
            with_, without = (_spread(mine, variant, f"{method}/accuracy/{system}") for variant in _columns())
            gain = "-" if with_ is None or without is None else f"{100 * (with_.mean - without.mean):+.1f}"
            name = _system(system, target) if method == "prototype" else ""
            table.add_row(name, words, _cell(with_), _cell(without), gain, end_section=method == "knn")
    return table


def _system(system: int, target: tuple[int, ...]) -> str:
    return f"{system}" + (f" of {' '.join(map(str, target))}" if len(target) > 1 else "")


def _columns() -> list[str]:
    return list(dict.fromkeys(_VARIANTS.values()))


def _systems(stage: StageEntry) -> list[int]:
    prefix = "zero_shot/prototype/accuracy/"
    return [int(name.removeprefix(prefix)) for name in stage.metrics if name.startswith(prefix)]


def _spread(stages: Sequence[StageEntry], column: str, metric: str) -> Spread | None:
    mine = [stage.metrics for stage in stages if _VARIANTS.get(stage.variant) == column]
    return Spread.of(metrics[name] for metrics in mine if (name := f"zero_shot/{metric}") in metrics)


def _cell(spread: Spread | None) -> str:
    if spread is None:
        return "-"
    return f"{spread.mean:.1%}" + ("" if spread.sd is None else f" ± {100 * spread.sd:.1f}")
