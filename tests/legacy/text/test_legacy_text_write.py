"""What is written is read back as the same data by PyYAML and by our own reader, with its comments."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from legacy_text_rig import DATA, SCALARS, same

from twostage.config.reading.files import text_layer
from twostage.config.reading.tree import plain as ours
from twostage.config.reading.yaml_tree import parse_yaml
from twostage.legacy.text.diff import unified_diff
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.notes import BLANK, NodeComments, gather
from twostage.legacy.text.read import read_legacy
from twostage.legacy.text.write import write_yaml

yaml = pytest.importorskip("yaml")


def assert_read_back(text, data):
    node, problems = parse_yaml(text, text_layer("new.yaml", text, "file", "."))
    assert not problems
    assert same(ours(node), data)
    assert same(yaml.safe_load(text), data)
    assert same(plain(read_legacy(text, "new.yaml").root), data)


DOCUMENT = {
    "version": 1,
    "name": "cwru: two\nstages\n",
    "seeds": [0, 1, 2],
    "data": {"root": "./data", "lr": 1e-06, "old": "5e-4", "flag": "on", "empty": {}, "none": None, "list": []},
    "targets": [{"system": 13, "shots": [1, 5]}, {"system": 1}],
    "说明": "轴承 'x'",
}
TEXT = """\
# header

# about the version
version: 1
name: |
  cwru: two
  stages
seeds: [0, 1, 2]  # three

data:  # where
  root: ./data

  # small
  lr: 1.0e-06
  old: "5e-4"
  flag: "on"
  empty: {}
  none: null
  list: []
  # end of data

targets:
  - system: 13
    shots:
      - 1
      # five
      - 5
  # last
  - system: 1

说明: 轴承 'x'
# gone from here
# footer
"""
COMMENTS = {
    ("version",): NodeComments((" about the version",)),
    ("seeds",): NodeComments((), " three"),
    ("data",): NodeComments((), " where", (" end of data",)),
    ("data", "lr"): NodeComments((BLANK, " small")),
    ("targets", 0, "shots", 1): NodeComments((" five",)),
    ("targets", 1): NodeComments((" last",)),
    ("gone", "from"): NodeComments((" gone from here",)),
}


def test_a_document_looks_as_a_person_would_write_it():
    text = write_yaml(DOCUMENT, COMMENTS, [" header"], [" footer"])
    assert text == TEXT
    assert_read_back(text, DOCUMENT)


@pytest.mark.parametrize(
    "text", [*SCALARS, "a\nb", "a\n", "a\n\nb\n", " a\nb", "a \nb", "\n", "a\n\n", "\x07\x85\ufeff"]
)
@pytest.mark.parametrize("place", [lambda text: {"k": text}, lambda text: {"k": [text]}, lambda text: {text: 1}])
def test_text_stays_text(text, place):
    data = place(text)
    assert_read_back(write_yaml(data, {}), data)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1e-06, "1.0e-06"),
        (1e16, "1.0e+16"),
        (2.5e-05, "2.5e-05"),
        (-0.0, "-0.0"),
        (3.0, "3.0"),
        (5e-324, "5.0e-324"),
        (True, "true"),
        (10**30, "1" + "0" * 30),
        ((1, 2), "[1, 2]"),
        (["a, b", "c?", 0.1, None], '["a, b", "c?", 0.1, null]'),
        ("C:\\data", "C:\\data"),
        ("^\\d+", "'^\\d+'"),
        ('say "x"', 'say "x"'),
        ("'x' \"", '"\'x\' \\""'),
        ("中文 — ✓", "中文 — ✓"),
        ("a\x00\u2028\U0001f600", '"a\\0\\u2028😀"'),
        ("a/b-c_d.e+f (g) ~h", "a/b-c_d.e+f (g) ~h"),
        ("", '""'),
        ("[x]", '"[x]"'),
    ],
)
def test_scalars_and_short_lists_have_one_form(value, written):
    assert write_yaml({"k": value}, {}) == f"k: {written}\n"


def test_numbers_that_are_not_finite_are_written_for_the_old_loader():
    back = yaml.safe_load(write_yaml({"a": math.inf, "b": -math.inf, "c": math.nan}, {}))
    assert (back["a"], back["b"]) == (math.inf, -math.inf)
    assert math.isnan(back["c"])


def test_a_long_list_stands_in_lines_of_its_own():
    data = {"k": list(range(100, 140))}
    assert write_yaml(data, {}).startswith("k:\n  - 100\n  - 101\n")


def test_a_key_may_be_longer_than_readers_look_ahead():
    data = {"x" * 2000: {"a": 1}, "y" * 1500: "b"}
    assert_read_back(write_yaml(data, {}), data)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({1: 2}, "expected text as key, found 1"),
        ({"a": {1, 2}}, "set cannot be written as YAML; expected text, a number, true, false or null"),
        ({"a": 10**1000}, "a whole number of more than 1000 digits cannot be written as YAML"),
    ],
)
def test_what_yaml_cannot_hold_is_refused(data, error):
    with pytest.raises((TypeError, ValueError), match=error):
        write_yaml(data, {})


def test_data_deeper_than_readers_go_is_refused():
    data = {}
    for _ in range(101):
        data = {"a": data}
    with pytest.raises(ValueError, match="nested more than 100 levels deep"):
        write_yaml(data, {})


def test_a_diff_is_unified():
    assert unified_diff("a\nb\n", "a\nc\n", "old", "new") == "--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    assert unified_diff("a\n", "a\n", "old", "new") == ""


# Laws ------------------------------------------------------------------------------------------------------------


@given(DATA)
def test_any_data_is_read_back_by_all_readers(data):
    assert_read_back(write_yaml(data, {}), data)


WORDS = st.sampled_from([" c", "", "# x", " a: 1", "\t- b  ", " 中", "two\nlines", "bell\x07", BLANK])
NOTES = st.builds(
    NodeComments,
    st.lists(WORDS, max_size=3).map(tuple),
    st.none() | WORDS,
    st.lists(WORDS, max_size=3).map(tuple),
)


def paths(data, above=()):
    yield above
    if isinstance(data, dict | list):
        for key, below in data.items() if isinstance(data, dict) else enumerate(data):
            yield from paths(below, (*above, key))


@st.composite
def commented(draw):
    """Data, with comments at some of its entries and at some that it has not."""
    data = draw(DATA)
    places = [*paths(data), ("absent",), *[(*path, "absent", 0) for path in paths(data)]]
    notes = draw(st.dictionaries(st.sampled_from(places), NOTES, max_size=6))
    return data, notes, draw(st.lists(WORDS, max_size=2)), draw(st.lists(WORDS, max_size=2))


def asked(notes, header, footer):
    """The texts of all comments, one for each line that they take."""
    for own in [NodeComments(tuple(header), None, tuple(footer)), *notes.values()]:
        for text in (*own.before, *own.after):
            yield from [] if text == BLANK else text.replace("\x07", "\ufffd").split("\n")
        if own.beside is not None:
            yield own.beside.replace("\x07", "\ufffd")


@given(commented())
def test_no_comment_is_lost_and_writing_again_changes_nothing(document):
    data, notes, header, footer = document
    text = write_yaml(data, notes, header, footer)
    assert_read_back(text, data)
    old = read_legacy(text, "new.yaml")
    joined = Counter("\n".join(asked(notes, header, footer)).replace("\n", "").replace(" ", ""))
    assert Counter("".join(comment.text for comment in old.comments).replace(" ", "")) == joined
    again = gather(old.comments)
    assert write_yaml(data, again.entries, again.header, again.footer) == text
