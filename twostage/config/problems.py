"""What is wrong with a document, as data, and the three ways of telling it: text, json and github."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from twostage.errors import TwoStageError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Format = Literal["text", "json", "github"]

EXCERPT_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a document.

    ``message`` is a whole statement. ``expected`` and ``found`` repeat its two halves where it has them.
    Lines and columns count from 1. ``included_from`` is the chain of places that named the file, nearest first.
    """

    file: str
    line: int | None
    column: int | None
    key: str
    message: str
    expected: str = ""
    found: str = ""
    source_line: str = ""
    suggestion: str = ""
    code: str = ""
    included_from: tuple[str, ...] = ()


def reason_of(details: ErrorDetails) -> str:
    """What pydantic found wrong, in the words of our own rule where one raised it."""
    if details["type"] == "union_tag_not_found":
        return f"{details['ctx']['discriminator']} is missing; it chooses the variant"
    return str(details.get("ctx", {}).get("error", details["msg"]))


class DocumentError(TwoStageError):
    """A document cannot be used. ``problems`` holds every reason, and the text of the error tells them all."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(render(self.problems))


def render(problems: Sequence[Problem], form: Format = "text") -> str:
    """Tell the problems; the json form is always one list."""
    if form == "json":
        return json.dumps([asdict(problem) for problem in problems], indent=2, ensure_ascii=False)
    tell = _github if form == "github" else _text
    return "\n".join(tell(problem) for problem in problems)


def position(file: str, line: int | None, column: int | None) -> str:
    """``file:line:column``, as far as they are known."""
    return ":".join([file, *(str(number) for number in (line, column) if number is not None)])


def _headline(problem: Problem) -> str:
    return f"{problem.key}: {problem.message}" if problem.key else problem.message


def _text(problem: Problem) -> str:
    lines = [f"{position(problem.file, problem.line, problem.column)}: {_headline(problem)}"]
    lines += _excerpt(problem)
    if problem.suggestion:
        lines.append(f"  {problem.suggestion}")
    lines += [f"  included from {place}" for place in problem.included_from]
    return "\n".join(lines)


def _excerpt(problem: Problem) -> list[str]:
    """The source line with a caret under the column; a very long line is cut around the column."""
    if problem.line is None or problem.column is None or not problem.source_line.strip():
        return []
    fits = len(problem.source_line) <= EXCERPT_WIDTH
    start = 0 if fits else max(0, problem.column - 1 - EXCERPT_WIDTH // 2)
    shown = problem.source_line[start : start + EXCERPT_WIDTH]
    before = shown[: problem.column - 1 - start]
    gutter = f"{problem.line:>5} | "
    pad = "".join(_blank(character) for character in before)
    return [f"{gutter}{shown}".rstrip(), f"{'':>5} | {pad}^"]


def _blank(character: str) -> str:
    """As much white space as the character takes on a terminal."""
    if character == "\t":
        return "\t"
    if unicodedata.combining(character):
        return ""
    return "  " if unicodedata.east_asian_width(character) in "WF" else " "


def _github(problem: Problem) -> str:
    """A workflow command; see the escapes in actions/toolkit, packages/core/src/command.ts."""
    where = {"file": problem.file, "line": problem.line, "col": problem.column, "title": problem.code}
    properties = ",".join(f"{key}={_escaped_property(str(value))}" for key, value in where.items() if value)
    text = ". ".join(part for part in (_headline(problem), problem.suggestion) if part)
    return f"::error {properties}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
