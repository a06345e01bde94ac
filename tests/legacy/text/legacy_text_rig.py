"""What the tests of the text layer share: equality, and the strategies for YAML that is nearly well formed."""

from __future__ import annotations

import datetime as dt
import math

from hypothesis import strategies as st


def same(ours, theirs):
    """Equal in value, type and order; a date of PyYAML is text with us."""
    if isinstance(theirs, dt.date):
        return isinstance(ours, str)
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, dict):
        return list(ours) == list(theirs) and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs or (isinstance(ours, float) and math.isnan(ours) and math.isnan(theirs))


def has_text_keys(data):
    if isinstance(data, dict):
        return all(isinstance(key, str) and has_text_keys(below) for key, below in data.items())
    return all(map(has_text_keys, data)) if isinstance(data, list) else True


# Text that is one thing in YAML 1.1, another in YAML 1.2, or a trap in either.
NUMBERS = [
    *["1", "0", "-0", "+12", "010", "0o17", "08", "0x1F", "0b101", "1_000", "1__0", "0_", "12345678901234567890"],
    *["1:30", "-1:30:05", "1:60", "0:30", "1:30.5", "1.5", "-.5", ".5", "5.", "1.0e-4", "1.0e5", "1.0E+5", "1e-4"],
    *["5e-4", "1e5", ".5e-3", "1_0.5", ".inf", "-.INF", ".nan", ".", "-", "+", "2025-09-12", "2025-9-12", "1e-06"],
]
WORDS = [
    *["yes", "Yes", "YES", "yES", "no", "on", "Off", "true", "TRUE", "y", "n", "null", "Null", "NULL", "~", "nUll", ""],
    *["text", "中文", "a#b", "a:b", "-x", "<x", "!", "=", "<<", "a ,b", "a?b", "---", "... x", "?", "%x", "@x", "&x"],
]
WRITTEN = ["'1'", '"yes"', "'it''s'", '"a\\nb"', '"\\u4e2d"', "[]", "{}", "[1,yes]", "{a:1}", "{a:,b}", '{"a":1}']
SCALARS = [*NUMBERS, *WORDS, *WRITTEN]

_MARKS = [": ", ":", "- ", "-", "? ", "[", "]", "{", "}", ", ", "'", '"', "\\", "|\n", ">+\n", "%", "@", "=", "?", "`"]
_SPACES = ["\n", "\n  ", "\n    ", " \n", "\t", " ", "\x85", "\u2028", "\ufeff", "---\n", "...\n", "\n \n"]
_NODES = ["&a ", "*a", "<<: *a", "!!str ", "! ", "a", "b", "x y", "1", "1e-4", "yes", "~", "010", "2025-01-01", "é"]
_WHOLES = ["a: 1\n", "c:\n  d: 1\n", "- 1\n", "[1, 2]", "a: >-\n  t\n\n", "a: |2\n   x\n", "# c", "#", " #d", " # c\n"]
PIECES = st.sampled_from([*_MARKS, *_SPACES, *_NODES, *_WHOLES])
STARTS = st.sampled_from(["", "a: 1\n", "base: &a {x: 1, y: 2}\n", "k:\n- 1\n", "k: &a\n  q: 1\nb:\n  <<: *a\n  "])

TEXTS = st.text(max_size=8) | st.sampled_from(SCALARS) | st.text("ab \n\t#:'\"\\中", max_size=12)
NUMERIC = st.integers() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMERIC | TEXTS
KEYS = st.text(max_size=5) | st.sampled_from(SCALARS)
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=10,
    ),
    max_size=4,
)
