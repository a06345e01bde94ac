"""A part of a document: a base section, the file of a machine, or a bare trainer section."""

from __future__ import annotations

from typing import Any

from twostage.legacy.core.mounts import Layout, Mount
from twostage.legacy.dialects.sections import section_mounts


def fragment_layout(file: Any, detail: str) -> Layout:
    """No stage: what belongs to the whole document is converted, the rest is kept."""
    if detail == "trainer without its section":
        return Layout((Mount((0,), "shared", ("trainer",)),), {})
    return Layout(section_mounts(file, (0,), "shared"), {})
