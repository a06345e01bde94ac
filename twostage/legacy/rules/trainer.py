"""Devices and arithmetic."""

from __future__ import annotations

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

DOCUMENT: tuple[Rule, ...] = (
    # The old trainer took "cpu" for the CPU and every other word for "whatever there is".
    Scalar("accelerator", "trainer.accelerator", ("trainer.device", "trainer.accelerator"), ACCELERATORS),
    Scalar("devices", "trainer.devices", ("trainer.gpus", "trainer.devices"), Choice({1: (1, [0])})),
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
