"""Devices and arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twostage.legacy.core.codecs import Choice, Flag, Number, Whole
from twostage.legacy.core.rule import Rule, Scalar

ACCELERATORS = Choice({"auto": ("cuda", "gpu", "auto"), "cpu": ("cpu",)})
PRECISIONS = Choice(
    {
        "mixed": (16, "16-mixed", "16"),
        "32-true": (32, "32-true", "32"),
        "bf16-mixed": ("bf16-mixed", "bf16"),
    },
)


@dataclass(frozen=True)
class Devices:
    """The number of devices. Old files also list those that they mean: here it is how many they are."""

    def decode(self, old: Any) -> int:
        """A whole number, also as text; of a list its length."""
        if isinstance(old, list) and old and all(type(each) is int for each in old):
            return len(set(old))
        return Whole(1).decode(old)

    def encode(self, new: Any) -> Any:
        """As it is."""
        return new


DOCUMENT: tuple[Rule, ...] = (
    # The old trainer took "cpu" for the CPU and every other word for "whatever there is".
    Scalar("trainer.accelerator", ("trainer.device", "trainer.accelerator"), ACCELERATORS),
    Scalar("trainer.devices", ("trainer.gpus", "trainer.devices"), Devices()),
    Scalar("trainer.precision", ("trainer.precision",), PRECISIONS),
    Scalar("trainer.gradient_clip", ("trainer.gradient_clip_val", "task.max_grad_norm"), Number(above=0.0)),
    Scalar("trainer.accumulate_batches", ("trainer.accumulate_grad_batches",), Whole(1)),
    Scalar(
        "trainer.deterministic",
        ("trainer.deterministic", "reproducibility.deterministic"),
        Flag(),
    ),
)
