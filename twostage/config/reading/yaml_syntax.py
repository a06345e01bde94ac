"""YAML syntax errors in words for people who do not know the scanner."""

from __future__ import annotations

from ruamel.yaml.error import MarkedYAMLError

# First match wins; each pair is a part of the parser's text and what it means to the writer.
_MEANINGS = (
    ("found character '\\t'", "a tab cannot indent YAML; use spaces"),
    ("found character '@'", "text that starts with @ needs quotes"),
    ("found character '`'", "text that starts with a backtick needs quotes"),
    ("found character '%'", "text that starts with % needs quotes"),
    ("mapping values are not allowed", "a ':' is not allowed here; quote the text, or check the indentation"),
    ("found unknown escape character", "unknown escape after a backslash; use single quotes to keep backslashes"),
    ("expected ',' or ']'", "the list that opens in line {line} is not closed: expected ',' or ']'"),
    ("expected ',' or '}'", "the mapping that opens in line {line} is not closed: expected ',' or '}}'"),
    ("could not find expected ':'", "expected ':' after the key"),
    ("expected <block end>", "the indentation does not fit the lines above"),
    ("but found ('<block", "the indentation does not fit the lines above"),
)


def never_closed(error: MarkedYAMLError) -> bool:
    """Whether a quote runs to the end of the text; then its start tells more than its end."""
    return "unexpected end of stream" in str(error.problem) and error.context_mark is not None


def plain_words(error: MarkedYAMLError, source_line: str) -> str:
    """One sentence for a syntax error."""
    problem = str(error.problem or error.context or "this is not YAML")
    if never_closed(error):
        return "the quote that opens here is never closed"
    if source_line.lstrip(" ").startswith("\t"):
        return _MEANINGS[0][1]
    for part, meaning in _MEANINGS:
        if part in problem:
            return meaning.format(line=error.context_mark.line + 1 if error.context_mark else "?")
    return problem.splitlines()[0]
