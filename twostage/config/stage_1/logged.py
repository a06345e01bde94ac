"""What a pretraining logs by name, so that a monitor that it never logs is told at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Logged:
    """Names beside the loss: terms of the loss in both parts; measures of validation, some of them for each system."""

    terms: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    of_systems: tuple[str, ...] = ()

    def refusal(self, monitor: str, mode: str, systems: Collection[int] | None) -> str | None:
        """Say that a pretraining on ``systems`` (None: whichever there are) never logs a monitor, or None."""
        losses = [f"{part}/{name}" for name in ("loss", *self.terms) for part in ("train", "validation")]
        each = [f"validation/{name}" for name in self.of_systems]
        known = [*losses, *(f"validation/{name}" for name in self.measures), *each]
        measure, _, system = monitor.rpartition("/")
        of_system = measure in each and system.isdigit() and (systems is None or int(system) in systems)
        if monitor in known or of_system:
            return None
        more = [f"{each[0]}/{{system}} and so on"] if each else []
        return f"checkpoint.monitor {monitor} is never logged by {mode}; it logs {', '.join([*known, *more])}"
