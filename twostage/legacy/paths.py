"""Paths that hold on one machine alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from twostage.legacy.core.mounts import Leaf
from twostage.legacy.core.remarks import Remark

# A folder at the root of a disk, of a drive, of a share, or of somebody's home; in text without line breaks.
_ABSOLUTE = re.compile(r"(?:/(?!/)|~[\\/]|[A-Za-z]:[\\/]|\\\\)[^\r\n]+")


def machine_paths(leaves: Sequence[Leaf]) -> Iterator[Remark]:
    """A remark for each leaf that holds such a path."""
    for leaf in leaves:
        found = next((each for each in _texts(leaf.value) if _ABSOLUTE.fullmatch(each)), None)
        if found is not None:
            yield Remark("machine-path", leaf.path, f"{found} is a path of the machine where the file was written")


def _texts(value: Any) -> Iterator[str]:
    for each in value if isinstance(value, list) else (value,):
        if isinstance(each, str):
            yield each
