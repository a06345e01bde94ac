"""What a split is, and the small words that its builders share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from twostage.data.recordings import PARTS, Notice, Part, Recording, Segment

NAMED_AT_MOST = 8


@dataclass(frozen=True)
class SplitResult:
    """The segments of each part, sorted; all three parts are present, an unused one is empty."""

    parts: Mapping[Part, tuple[Segment, ...]]
    notices: tuple[Notice, ...] = ()


@dataclass
class Draft:
    """A split in the making."""

    parts: dict[Part, list[Segment]] = field(default_factory=lambda: {part: [] for part in PARTS})
    notices: list[Notice] = field(default_factory=list)

    def add(self, part: Part, recordings: Iterable[Recording]) -> None:
        """Give whole recordings to a part."""
        self.parts[part] += [Segment(r.id, 0, r.length) for r in recordings]

    def tell(self, code: str, message: str) -> None:
        """Add a notice."""
        self.notices.append(Notice(code, message))

    def take(self, other: Draft) -> None:
        """Add the parts and notices of another draft."""
        for part in PARTS:
            self.parts[part] += other.parts[part]
        self.notices += other.notices


def by_system(recordings: Iterable[Recording]) -> dict[int, list[Recording]]:
    """Recordings of each system, systems sorted."""
    groups: dict[int, list[Recording]] = {}
    for recording in recordings:
        groups.setdefault(recording.system, []).append(recording)
    return dict(sorted(groups.items()))


def listed(things: Sequence[object]) -> str:
    """The first few of them, for an error text."""
    return ", ".join(map(str, things[:NAMED_AT_MOST])) + (", ..." if len(things) > NAMED_AT_MOST else "")


def class_word(label: int | None) -> str:
    """A label in words."""
    return "unlabelled" if label is None else f"class {label}"
