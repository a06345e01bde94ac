"""The nearest right name to a wrong one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from operator import eq


def distance(left: str, right: str) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]


def nearest_name(word: str, names: Iterable[str], limit: int | None = None) -> str | None:
    """The name that fewest edits lead to, or None if even that one is another word."""
    spelled = snake_case(word)
    most = max(1, len(spelled) // 3) if limit is None else limit
    near = [name for name in names if abs(len(name) - len(spelled)) <= most]
    ranked = sorted((distance(spelled, name), -shared_start(spelled, name), name) for name in near)
    if not ranked:
        return None
    edits, _, name = ranked[0]
    return name if edits <= (_allowed(spelled, name) if limit is None else limit) else None


def snake_case(word: str) -> str:
    """``batchSize`` and ``batch-size`` as we would spell them."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).replace("-", "_").replace(" ", "_").lower()


def _allowed(word: str, name: str) -> int:
    """About a third of the letters may be wrong."""
    return max(1, min(len(word), len(name)) // 3)


def shared_start(left: Sequence[object], right: Sequence[object]) -> int:
    """How many elements two sequences have in common before they part."""
    return len(list(takewhile(bool, map(eq, left, right))))
