"""``python -m benchmarks [NAME ...]``: run all benchmarks, or those named, and print one table."""

from __future__ import annotations

import sys
from importlib import import_module

from rich.console import Console
from rich.table import Table

NAMES = ("gather", "setup", "command_line", "conversion", "models", "whole_run", "memory", "planning")


def main(names: list[str]) -> None:
    table = Table(title="Benchmarks")
    for title in ("benchmark", "measured", "aim"):
        table.add_column(title)
    for name in names or NAMES:
        for row in import_module(f"benchmarks.{name}").measure():
            table.add_row(name, *row)
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
