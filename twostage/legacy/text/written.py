"""The source text of a scalar."""

from __future__ import annotations

import re

_PROPERTIES = re.compile(r"(?:[&!]\S*(?:\s+(?:#[^\n]*\n\s*)*|$))+")


def written(source: str) -> str:
    """A scalar as it was written, without the tag and the anchor before it."""
    if not source.startswith(("&", "!")):
        return source
    found = _PROPERTIES.match(source)
    return source[found.end() :] if found else source
