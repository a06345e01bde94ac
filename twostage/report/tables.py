"""What a person sees after a run: tables of results, lines on the transfer, the notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from twostage.report.audit import audit_view
from twostage.report.capped import EXPORT, MOST_ROWS, MOST_TABLES, first
from twostage.report.groups import ENCODER, groups, label, titled
from twostage.report.manifest import StageEntry, labels, read_audit, read_stages
from twostage.report.results import results_view
from twostage.report.zero_shot import zero_shot_view


def summary_view(directory: Path) -> RenderableType:
    """Everything worth saying about the run in ``directory``, without its path."""
    stages = read_stages(directory)
    compared = list(groups(stage for stage in stages if stage.variant is not None))
    shown, rest = first(compared, MOST_TABLES, what="runs", where=EXPORT)
    mine = [stage for stage in stages if stage.variant is None or label(stage) in shown]
    audit = [each for each in read_audit(directory) if label(each) in shown]
    return Group(
        *(results_view(stages) or _pretrainings(stages)),
        *audit_view(mine, audit),
        *zero_shot_view(mine),
        *_transfers(mine),
        *rest,
        *notice_lines(notice for stage in stages for notice in stage.notices),
    )


def notice_lines(notices: Iterable[tuple[str, str]]) -> list[Text]:
    """One line per distinct (code, message)."""
    notes = list(dict.fromkeys(notices))
    shown, rest = first(notes, MOST_ROWS, what="notes", where="the manifest of the run has them")
    return [*(Text(f"Note [{code}]: {message}", style="yellow") for code, message in shown), *rest]


def _pretrainings(stages: Sequence[StageEntry]) -> list[RenderableType]:
    table = Table(title="Pretraining", caption=" ".join(labels(stages)) or None, caption_justify="left")
    for title in ("stage", "best epoch", "validation loss"):
        table.add_column(title, justify="right")
    shown, rest = first(stages, MOST_ROWS, what="pretrainings", where="the manifest of the run has them")
    for stage in shown:
        loss = stage.metrics.get("validation/loss")
        table.add_row(stage.name, str(stage.best_epoch), "-" if loss is None else f"{loss:.4g}")
    return [table, *rest]


def _transfers(stages: Sequence[StageEntry]) -> list[Text]:
    moved = groups((stage for stage in stages if stage.transfer is not None), ENCODER)
    if not moved:
        return []
    lines = [
        _transfer(titled("Transfer", group), [stage.transfer for stage in mine if stage.transfer is not None])
        for group, mine in moved.items()
    ]
    if any(stage.leaks for stage in stages):
        return lines
    return [
        *lines,
        Text(
            "Splits: no sample of a recording is shared between training, validation and test, nor between stage 1 "
            "and the test; whole copies under other names are found by digest"
        ),
    ]


def _transfer(title: str, reports: Sequence[Mapping[str, Any]]) -> Text:
    first, least = reports[0], min(report["encoder_share"] for report in reports)
    equal = all(report["digest_saved"] == report["digest_started"] for report in reports)
    return Text(
        f"{title}{',' if ':' in title else ':'} {least:.0%} of the encoder; {first['loaded']} tensors loaded, "
        f"{first['new']} new, {first['frozen']} frozen; digests {'equal' if equal else 'DIFFER'} "
        f"({first['digest_started'][:12]})"
    )
