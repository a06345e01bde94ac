"""One flat file: pipeline 01, and single halves of pipelines 02 and 04."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.mounts import Layout, Stage
from twostage.legacy.dialects.sections import section_mounts


def single_layout(file: Any, stage: Stage) -> Layout:
    """Everything belongs to the one stage and to the document alike."""
    return Layout(section_mounts(file, (0,), "shared"), {stage: ("shared",)})
