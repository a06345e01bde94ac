"""What a conversion has to tell: each remark has a stable code and the old leaf that it is about."""

from __future__ import annotations

from dataclasses import dataclass, field

from twostage.legacy.core.leaves import KeyPath


@dataclass(frozen=True, slots=True)
class Remark:
    """A remark; the codes are described in ``twostage.legacy.codes``."""

    code: str
    path: KeyPath | None
    text: str


@dataclass
class Remarks:
    """Remarks in the order in which they were made, none twice."""

    found: list[Remark] = field(default_factory=list)

    def add(self, remark: Remark) -> None:
        """Remember a remark."""
        if remark not in self.found:
            self.found.append(remark)
