"""Two texts side by side."""

from __future__ import annotations

import difflib


def unified_diff(old_text: str, new_text: str, old_name: str, new_name: str) -> str:
    """The differences in the unified format of ``diff -u``; empty where there are none."""
    old, new = (text.splitlines() for text in (old_text, new_text))
    lines = list(difflib.unified_diff(old, new, old_name, new_name, lineterm=""))
    return "\n".join([*lines, ""]) if lines else ""
