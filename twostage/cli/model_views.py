"""Tables of ``twostage models``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from twostage.config.lock import yaml_value


def list_view(records: Sequence[dict[str, Any]]) -> None:
    """One row for each model."""
    counted = any("parameters" in record for record in records)
    table = _table("role", "kind", *(["parameters"] if counted else []), "old name", "paper or package")
    reasons = []
    for record in records:
        size = record.get("parameters")
        if isinstance(size, str):
            reasons.append(f"{record['kind']}: {size}")
        cells = [record["role"], record["kind"], *([_size(size)] if counted else [])]
        table.add_row(*cells, record["legacy"] or "", record["package"] or record["paper"] or "")
    console = Console()
    console.print(table)
    for line in reasons:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if counted:
        console.print("Parameters at the document's sizes; a head answers one system with four classes, or 64 samples.")
    console.print("twostage models KIND shows the options of one.")


def options_view(records: Sequence[dict[str, Any]]) -> None:
    """Each component with its options."""
    console = Console()
    for record in records:
        lines = [
            f"{record['kind']} ({record['role']}, written at {record['written at']})",
            record["summary"],
            *(f"{name}: {record[name]}" for name in ("paper", "legacy", "class", "package") if record[name]),
        ]
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
        table = _table("key", "value", "default", "old keys", "meaning")
        for each in record["options"]:
            table.add_row(each["key"], each["value"], _default(each), ", ".join(each["legacy"]), each["meaning"])
        console.print(table)


def _default(option: dict[str, Any]) -> str:
    if option["required"]:
        return "required"
    return "its own defaults" if isinstance(option["default"], dict) else yaml_value(option["default"])


def _size(size: Any) -> str:
    return "" if size is None else "does not fit" if isinstance(size, str) else f"{size:,}"


def _table(*titles: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for title in titles:
        table.add_column(title, justify="right" if title == "parameters" else "left", overflow="fold")
    return table
