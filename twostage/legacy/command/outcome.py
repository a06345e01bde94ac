"""What came of converting one file, or one pair: plain values, so that processes and json can pass them on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Fate = Literal["mapped", "kept", "refused"]
Status = Literal["changed", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class Row:
    """One leaf of an old file: where it stands and what became of it."""

    file: str
    line: int
    key: str
    fate: Fate
    to: tuple[str, ...]
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One remark, at its place."""

    code: str
    file: str
    line: int | None
    key: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """One job's result. ``text`` is the new document (or the old one, on the way back)."""

    files: tuple[str, ...]
    status: Status
    text: str = ""
    old_text: str = ""
    second_text: str | None = None
    problems: tuple[str, ...] = ()
    shape: str = ""
    detail: str = ""
    rule: str = ""
    pipeline: str | None = None
    role: str | None = None
    reading: str = "meant"
    modes: dict[str, str] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    notices: tuple[Notice, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def leaves(self) -> dict[str, int]:
        """How many leaves there are, and how many met which fate."""
        counts = {fate: sum(row.fate == fate for row in self.rows) for fate in ("mapped", "kept", "refused")}
        return {"total": len(self.rows), **counts}

    def record(self) -> dict[str, Any]:
        """The record of the json form."""
        return {
            "files": list(self.files),
            "status": self.status,
            "shape": self.shape or None,
            "variant": self.detail or None,
            "rule": self.rule or None,
            "pipeline": self.pipeline,
            "role": self.role,
            "reading": self.reading,
            "modes": self.modes,
            "runs": self.runs,
            "leaves": self.leaves,
            "refused": self.refused,
            "problems": list(self.problems),
            "fates": [
                {
                    "file": r.file,
                    "line": r.line,
                    "key": r.key,
                    "fate": r.fate,
                    "to": list(r.to),
                    "code": r.code,
                    "reason": r.reason,
                }
                for r in self.rows
            ],
            "notices": [
                {"code": n.code, "file": n.file, "line": n.line, "key": n.key, "text": n.text} for n in self.notices
            ],
            "document": self.text,
        }
