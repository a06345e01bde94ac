"""The audit: the adaptation beside its controls, with paired differences, and what must be said of the gain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from twostage.report.groups import groups, titled
from twostage.report.manifest import AuditEntry, StageEntry, labels
from twostage.report.metrics import SHOWN, Metric
from twostage.report.spread import Spread

TITLES = {
    "pretrained": "pretrained",
    "from_scratch": "from scratch",
    "untrained": "untrained, frozen",
    "trivial": "band energies",
}
_METRICS = {metric.name: metric for metric in SHOWN}
_ZERO_SHOT = "zero_shot/prototype/"


def audit_view(stages: Sequence[StageEntry], comparisons: Sequence[AuditEntry]) -> list[Table | Text]:
    """A table for each group that has controls, then the warnings; nothing where no control ran."""
    adapted = groups(stage for stage in stages if stage.variant is not None)
    compared = groups(comparisons)
    tables = [_table(group, adapted.get(group, []), mine) for group, mine in compared.items()]
    return [*tables, *(_warning(each) for each in comparisons if each.code is not None)]


def _warning(each: AuditEntry) -> Text:
    style = "yellow" if each.code == "gain-unproven" else "bold red"
    return Text(f"Warning [{each.code}]: {each.message}", style=style)


def _table(group: str, stages: Sequence[StageEntry], comparisons: Sequence[AuditEntry]) -> Table:
    table = Table(
        title=titled("Audit: what the pretraining is worth", group),
        caption=_caption(stages, comparisons),
        caption_justify="left",
    )
    for name in ("system", "metric", "what ran", "result", "better by"):
        table.add_column(name, justify="right" if name in {"system", "result", "better by"} else "left")
    places = dict.fromkeys((each.systems, each.tasks, each.system, each.metric) for each in comparisons)
    for systems, tasks, system, metric in places:
        mine = [stage for stage in stages if (stage.systems, stage.tasks) == (systems, tasks)]
        beside = [each for each in comparisons if (each.systems, each.tasks) == (systems, tasks)]
        beside = [each for each in beside if (each.system, each.metric) == (system, metric)]
        lines = list(_lines(mine, beside, _METRICS[metric], system))
        for position, cells in enumerate(lines):
            start = (_name(system, systems), _METRICS[metric].title) if position == 0 else ("", "")
            table.add_row(*start, *cells, end_section=position == len(lines) - 1)
    return table


def _name(system: int, systems: tuple[int, ...]) -> str:
    return f"{system} of {' '.join(map(str, systems))}" if len(systems) > 1 else str(system)


def _lines(
    stages: Sequence[StageEntry], beside: Sequence[AuditEntry], metric: Metric, system: int
) -> Iterator[tuple[str, str, str]]:
    main = beside[0].adaptation
    yield TITLES[main], metric.cell(_spread(stages, main, f"test/{metric.name}/{system}")), ""
    before = _spread(stages, main, f"{_ZERO_SHOT}{metric.name}/{system}")
    if before is not None:
        yield "zero-shot", metric.cell(before), ""
    for each in beside:
        result = metric.cell(_spread(stages, each.control, f"test/{metric.name}/{system}"))
        yield TITLES[each.control], result, _difference(each, metric)


def _spread(stages: Sequence[StageEntry], start: str, name: str) -> Spread | None:
    return Spread.of(stage.metrics[name] for stage in stages if stage.variant == start and name in stage.metrics)


def _difference(each: AuditEntry, metric: Metric) -> str:
    def cell(value: float) -> str:
        return f"{100 * value:+.1f}" if metric.percent else f"{value:+.2g}"

    if each.interval is None:
        return cell(each.difference)
    return f"{cell(each.difference)} [{cell(each.interval[0])}, {cell(each.interval[1])}]"


def _caption(stages: Sequence[StageEntry], comparisons: Sequence[AuditEntry]) -> str:
    pairs, over = min((each.pairs, each.over) for each in comparisons)
    told = labels(stages)
    if any(_METRICS[each.metric].error for each in comparisons):
        told.append("A difference above 0 is a smaller error.")
    if pairs == 1:
        return " ".join([*told, "One seed: there is no interval, and a single difference shows little."])
    return " ".join([*told, f"Better by: mean of paired differences over {pairs} {over} and its 95 % interval."])
