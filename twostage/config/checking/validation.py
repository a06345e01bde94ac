"""Every problem of a document in one pass.

Pydantic stops where a part is wrong: rules that compare keys do not run beside a bad value, and nothing inside an
unknown variant is looked at. So each round mends what it found in a copy (unknown keys and bad values go, a
misspelled variant gets its nearest name) and looks again. Nothing is told that mending may have caused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from twostage.config.checking.explain_errors import explain
from twostage.config.checking.findings import LEAF_CODES, Finding, findings
from twostage.config.checking.shapes import Shape
from twostage.config.checking.suggest import nearest_name
from twostage.config.checking.unknown_keys import meant_key
from twostage.config.document import TwoStageConfig
from twostage.config.problems import DocumentError, Problem
from twostage.config.reading.tree import KeyPath, Node, plain

MAX_ROUNDS = 10


def validate(root: Node, known: Iterable[Problem] = ()) -> TwoStageConfig:
    """The config of a document, or DocumentError with all its problems.

    ``known`` are problems of reading: with any of them a part of the document is missing, so absence proves nothing.
    """
    known = list(known)
    check = _Check(root, plain(root), known)
    for _ in range(MAX_ROUNDS):
        try:
            config = TwoStageConfig.model_validate(check.data)
        except ValidationError as error:
            if not check.round(findings(error)):
                break
        else:
            if check.problems:
                break
            return config
    raise DocumentError(sorted(check.problems, key=_reading_order))


@dataclass(slots=True)
class _Check:
    """The copy that is being mended, and what was found on the way."""

    root: Node
    data: dict[str, Any]
    problems: list[Problem]
    broken: bool = False
    gone: dict[KeyPath, str] = field(default_factory=dict)  # what was taken out, and the key that was meant
    unknown: set[KeyPath] = field(default_factory=set)  # those of them that no model knows
    meant: set[KeyPath] = field(default_factory=set)  # right keys that misspelled ones stood for
    retagged: set[KeyPath] = field(default_factory=set)
    told: set[tuple[KeyPath, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.broken = bool(self.problems)

    def round(self, found: list[Finding]) -> bool:
        """Tell what is new and mend it; False when there was nothing left to mend."""
        self.meant |= {(*each.path[:-1], self._meant(each)) for each in found if each.code == "unknown_key"}
        for finding in found:
            if (finding.path, finding.code) not in self.told and not self._caused(finding):
                self._tell(finding)
        mended = [self._mend(finding) for finding in found]
        return any(mended) or any([self._take_out(each.path) for each in found if each.code == "rule"])  # noqa: C419

    def _tell(self, finding: Finding) -> None:
        self.told.add((finding.path, finding.code))
        problem = explain(finding, self.root)
        places = {(each.file, each.line, each.column) for each in self.problems if each.line is not None}
        if finding.code not in LEAF_CODES or (problem.file, problem.line, problem.column) not in places:
            self.problems.append(problem)

    def _meant(self, finding: Finding) -> str:
        written = _at(self.data, finding.path[:-1])
        return meant_key(finding.key, finding.owner or Shape(()), written) or ""

    def _caused(self, finding: Finding) -> bool:
        """Whether the finding may be the work of mending, or of a part that could not be read."""
        if finding.code in {"missing_key", "missing_variant"}:
            return self.broken or finding.path in self.meant or finding.path in self.gone
        if finding.code == "unknown_key" and finding.path[:-1] in self.retagged:
            return finding.siblings is not None and finding.key in finding.siblings.properties
        return finding.code == "rule" and (self.broken or any(self._may_break(finding, path) for path in self.gone))

    def _may_break(self, finding: Finding, path: KeyPath) -> bool:
        """Whether a rule may fail only because a key was taken out.

        It may if it names that key or the one that was meant. Beside the key it may also if it names no key at all,
        or if it misses one: an unknown key may have been meant for it.
        """
        depth = len(finding.path)
        if path[:depth] != finding.path:
            return False
        words = set(re.findall(r"\w+", finding.message))
        if {str(path[-1]), self.gone[path]} & words:
            return True
        named = words & set(finding.shape.properties if finding.shape else ())
        misses = path in self.unknown and not named <= _at(self.data, finding.path).keys()
        return len(path) == depth + 1 and (not named or misses)

    def _mend(self, finding: Finding) -> bool:
        if finding.code == "unknown_key":
            self.unknown.add(finding.path)
            return self._take_out(finding.path, self._meant(finding))
        if finding.code == "unknown_variant":
            return self._retag(finding) or self._take_out(finding.path)
        if finding.code == "missing_variant":
            return self._guess_variant(finding) or self._give_up(finding)
        return finding.code in LEAF_CODES | {"invalid"} and self._take_out(finding.path)

    def _take_out(self, path: KeyPath, meant: str = "") -> bool:
        """Remove the nearest key around a path. Items of lists stay, so that the others keep their index."""
        while path and isinstance(path[-1], int):
            path = path[:-1]
        holder = _at(self.data, path[:-1])
        if not path or path[-1] not in holder:
            return False
        del holder[path[-1]]
        self.gone[path] = meant
        return True

    def _retag(self, finding: Finding) -> bool:
        shape = finding.shape or Shape(())
        mapping = _at(self.data, finding.path)
        written = mapping.get(shape.discriminator)
        near = nearest_name(written, shape.tags) if isinstance(written, str) else None
        if near is None:
            return False
        mapping[shape.discriminator] = near
        self.retagged.add(finding.path)
        return True

    def _guess_variant(self, finding: Finding) -> bool:
        """Go on with the only variant that knows all the keys, if there is just one."""
        shape = finding.shape or Shape(())
        mapping = _at(self.data, finding.path)
        fitting = [tag for tag, variant in shape.tags.items() if mapping.keys() <= variant.properties.keys()]
        if len(fitting) != 1 or shape.discriminator is None:
            return False
        mapping[shape.discriminator] = fitting[0]
        self.retagged.add(finding.path)
        return True

    def _give_up(self, finding: Finding) -> bool:
        """Take a mapping out whose variant nobody can tell, but tell the keys that none of the variants knows."""
        shape = finding.shape or Shape(())
        written = _at(self.data, finding.path)
        tag = shape.discriminator or ""
        slip = nearest_name(tag, [key for key in written if key not in shape.properties])
        for key, value in written.items():
            if key not in shape.properties and key != slip:
                self._tell(Finding("unknown_key", (*finding.path, key), value, "", None, shape, None))
        return self._take_out(finding.path)


def _at(data: Any, path: KeyPath) -> dict[Any, Any]:
    """The mapping at a path of plain data; an empty one where there is none any more."""
    for key in path:
        inside = isinstance(data, list) and isinstance(key, int) and key < len(data)
        if not inside and not (isinstance(data, dict) and key in data):
            return {}
        data = data[key]
    return data if isinstance(data, dict) else {}


def _reading_order(problem: Problem) -> tuple[str, int, int]:
    return (problem.file, problem.line or 0, problem.column or 0)
