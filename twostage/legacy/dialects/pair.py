"""The two files of pipeline 02: pretraining, then few-shot or fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twostage.legacy.core.mounts import Layout
from twostage.legacy.dialects.sections import section_mounts


def pair_layout(files: Sequence[Any]) -> Layout:
    """Each stage has a file of its own; nothing is shared."""
    first, second = files
    mounts = (*section_mounts(first, (0,), "stage_1"), *section_mounts(second, (1,), "stage_2"))
    return Layout(mounts, {"stage_1": ("stage_1",), "stage_2": ("stage_2",)})
