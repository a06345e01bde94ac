"""Devices and arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twostage.legacy.core.codecs import Choice, Flag, Number, Whole
from twostage.legacy.core.forward import NotHere
from twostage.legacy.core.rule import Rule, Scalar

ACCELERATORS = Choice({"auto": ("cuda", "gpu", "auto"), "cpu": ("cpu",)})
ONE = (1, "1", [0])
PRECISIONS = Choice(
    {
        "mixed": (16, "16-mixed", "16"),
        "32-true": (32, "32-true", "32"),
        "bf16-mixed": ("bf16-mixed", "bf16"),
    },
)


@dataclass(frozen=True)
class OneDevice:
    """The number of devices: a run has one. Old files also list the one device that they mean."""

    def decode(self, old: Any) -> int:
        """One, also as text."""
        if old in ONE and not isinstance(old, bool):
            return 1
        raise NotHere(f"a run trains on one device here, so {old!r} cannot hold; its batches are not spread")

    def encode(self, new: Any) -> Any:
        """As it is."""
        return new


DOCUMENT: tuple[Rule, ...] = (
    # The old trainer took "cpu" for the CPU and every other word for "whatever there is".
    Scalar("accelerator", "trainer.accelerator", ("trainer.device", "trainer.accelerator"), ACCELERATORS),
    Scalar("devices", "trainer.devices", ("trainer.gpus", "trainer.devices"), OneDevice()),
    Scalar("precision", "trainer.precision", ("trainer.precision",), PRECISIONS),
    Scalar(
        "gradient_clip", "trainer.gradient_clip", ("trainer.gradient_clip_val", "task.max_grad_norm"), Number(above=0.0)
    ),
    Scalar("accumulate", "trainer.accumulate_batches", ("trainer.accumulate_grad_batches",), Whole(1)),
    Scalar(
        "deterministic",
        "trainer.deterministic",
        ("trainer.deterministic", "reproducibility.deterministic"),
        Flag(),
    ),
)
