"""The scanner of ruamel.yaml with PyYAML's rules where the two part, and with an ear for comments.

One scan yields events, comments and the dashes of block lists, which events do not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.events import Event
from ruamel.yaml.reader import Reader
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scanner import Scanner, ScannerError
from ruamel.yaml.tokens import ScalarToken

YAML_1_1 = (1, 1)

_BREAKS = r"\r\n\x85\u2028\u2029"
_ENDS = rf"\0 \t{_BREAKS}"
_COMMENT = re.compile(rf" *(#[^\0{_BREAKS}]*)?")
_BLOCK_RUN = re.compile(rf"(?:[^{_ENDS}:]|:(?![{_ENDS}]))+")
_FLOW_RUN = re.compile(rf"(?:[^{_ENDS}:,?\[\]{{}}]|:(?![{_ENDS},\[\]{{}}]))+")
_ANCHOR = re.compile(rf"[&*]([0-9A-Za-z_-]+)(?=[{_ENDS}?:,\]}}%@`])")


@dataclass(frozen=True, slots=True)
class Heard:
    """What events do not tell, by index into the text. The lists grow while events are read."""

    comments: list[tuple[int, str]] = field(default_factory=list)
    dashes: list[int] = field(default_factory=list)


class LegacyReader(Reader):
    """Counts lines as YAML 1.1 does: the breaks of Unicode end a line too."""

    forward = Reader.forward_1_1


class LegacyResolver(VersionedResolver):
    """Holds to YAML 1.1, whatever a %YAML directive says, as PyYAML does."""

    @property
    def processing_version(self) -> Any:
        """YAML 1.1."""
        return YAML_1_1


class LegacyScanner(Scanner):
    """Tokens as PyYAML's scanner finds them."""

    def __init__(self, loader: Any = None, *, heard: Heard) -> None:
        self.heard = heard
        super().__init__(loader)

    @property
    def scanner_processing_version(self) -> Any:
        """YAML 1.1."""
        return YAML_1_1

    def fetch_block_entry(self) -> None:
        """Remember where the dash stands."""
        self.heard.dashes.append(self.reader.index)
        super().fetch_block_entry()

    def scan_to_next_token(self) -> None:
        """Skip spaces, breaks and comments, but no tabs: PyYAML knows none between tokens, not even in brackets."""
        while True:
            self.reader.forward(self._hear_comment())
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_block_scalar_ignored_line(self, start_mark: Any) -> Any:
        """The rest of the line after ``|`` or ``>``, which may be a comment."""
        self._hear_comment()
        return super().scan_block_scalar_ignored_line(start_mark)

    def scan_directive_ignored_line(self, start_mark: Any) -> None:
        """The rest of the line after a directive, which may be a comment."""
        self._hear_comment()
        super().scan_directive_ignored_line(start_mark)

    def scan_block_scalar_indentation(self) -> Any:
        """Leading breaks and the deepest indentation among them; ruamel.yaml refuses some that PyYAML reads."""
        breaks: list[str] = []
        deepest, end_mark = 0, self.reader.get_mark()
        while (character := self.reader.peek()) in " \r\n\x85\u2028\u2029":
            if character == " ":
                self.reader.forward()
                deepest = max(deepest, self.reader.column)
            else:
                breaks.append(self.scan_line_break())
                end_mark = self.reader.get_mark()
        return breaks, deepest, end_mark

    def scan_plain(self) -> ScalarToken:
        """Unquoted text. Inside brackets a colon ends it only before a space or a bracket."""
        start_mark = end_mark = self.reader.get_mark()
        run = _FLOW_RUN if self.flow_level else _BLOCK_RUN
        chunks: list[str] = []
        spaces: list[str] = []
        while self.reader.peek() != "#" and (found := run.match(self.reader.buffer, self.reader.pointer)):
            self.allow_simple_key = False
            chunks += [*spaces, found[0]]
            self.reader.forward(len(found[0]))
            end_mark = self.reader.get_mark()
            spaces = self.scan_plain_spaces(self.indent + 1, start_mark)
            if not spaces or (not self.flow_level and self.reader.column <= self.indent):
                break
        return ScalarToken("".join(chunks), True, start_mark, end_mark)  # noqa: FBT003 - the token's own signature

    def scan_anchor(self, TokenClass: Any) -> Any:
        """A name of letters, digits, dashes and underlines; ruamel.yaml allows more and reads ``*a:`` otherwise."""
        start_mark = self.reader.get_mark()
        found = _ANCHOR.match(self.reader.buffer, self.reader.pointer)
        if found is None:
            raise ScannerError(
                "while scanning an anchor",
                start_mark,
                "an anchor's name has only letters, digits, '-' and '_'",
                start_mark,
            )
        self.reader.forward(len(found[0]))
        return TokenClass(found[1], start_mark, self.reader.get_mark())

    def _hear_comment(self) -> int:
        """Note the comment that follows some spaces, and how many characters the two take."""
        found = _COMMENT.match(self.reader.buffer, self.reader.pointer)
        if found is None:  # the pattern matches even nothing
            return 0
        if found[1] is not None:
            self.heard.comments.append((self.reader.index + found.start(1) - found.start(), found[1][1:]))
        return found.end() - found.start()


def scan(text: str) -> tuple[Iterator[Event], Heard]:
    """The events of a text without byte order mark, read as they are asked for, and what is heard meanwhile."""
    heard = Heard()
    yaml = YAML(typ="safe", pure=True)
    yaml.Reader, yaml.Resolver = LegacyReader, LegacyResolver
    yaml.Scanner = partial(LegacyScanner, heard=heard)
    return yaml.parse(text), heard
