"""Every comment is found once and belongs where a reader would say."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from legacy_text_rig import DATA, PIECES, STARTS, same

from twostage.config.problems import DocumentError
from twostage.legacy.text.nodes import plain
from twostage.legacy.text.notes import gather
from twostage.legacy.text.read import read_legacy
from twostage.legacy.text.write import write_yaml

yaml = pytest.importorskip("yaml")


def comments(text):
    return read_legacy(text, "old.yaml").comments


def seats(text):
    return [(comment.text, comment.kind, comment.path) for comment in comments(text)]


def counted(text):
    """How many comments PyYAML's tokens leave in a text, by blanking out what the tokens cover."""
    left = list(text)
    for token in yaml.scan(text):
        start, end = token.start_mark.index, token.end_mark.index
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            start = re.compile(r"[|>][-+0-9]* *(#[^\r\n\x85\u2028\u2029]*)?").match(text, start).end()
            left[token.start_mark.index] = "x"
        for index in range(start, end):
            if left[index] not in "\r\n\x85\u2028\u2029":
                left[index] = "x"
    return sum("#" in line for line in re.split("[\r\n\x85\u2028\u2029]", "".join(left)))


DOCUMENT = """\
# title
#   with its spaces

# about a
a: 1  # one
b:  # a block
  # first
  x: 'a # b'   #two
  y:
    - 1 # item

    # second
    # item
    - z: 2
      # end of item
    # end of y
  # end of b

# about c
c: |  # text
  # content
# about d
d: [1, # in
  # above 2
  2,
  # in brackets
] # closed
e: {f: 1}  # braces
# end
"""


def test_comments_find_their_places():
    assert seats(DOCUMENT) == [
        (" title", "header", ()),
        ("   with its spaces", "header", ()),
        (" about a", "before", ("a",)),
        (" one", "beside", ("a",)),
        (" a block", "beside", ("b",)),
        (" first", "before", ("b", "x")),
        ("two", "beside", ("b", "x")),
        (" item", "beside", ("b", "y", 0)),
        (" second", "before", ("b", "y", 1)),
        (" item", "before", ("b", "y", 1)),
        (" end of item", "inside", ("b", "y", 1)),
        (" end of y", "inside", ("b", "y")),
        (" end of b", "inside", ("b",)),
        (" about c", "before", ("c",)),
        (" text", "beside", ("c",)),
        (" about d", "before", ("d",)),
        (" in", "beside", ("d",)),
        (" above 2", "before", ("d", 1)),
        (" in brackets", "inside", ("d",)),
        (" closed", "beside", ("d",)),
        (" braces", "beside", ("e",)),
        (" end", "after", ()),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# c\na: 1\n", ("before", ("a",))),
        ("# c\n\na: 1\n", ("header", ())),
        ("--- # c\na: 1\n", ("header", ())),
        ("# c\n---\na: 1\n", ("header", ())),
        ("%YAML 1.1 # c\n---\na: 1\n", ("header", ())),
        ("a: 1\n... # c\n", ("after", ())),
        ("# c\n{}\n", ("header", ())),
        ("a:\n  # c\n  text\nb: 1\n", ("before", ("a",))),
        ("a:\n  # c\nb: 1\n", ("inside", ("a",))),
        ("a:\n  b: 1\n  # c\n", ("inside", ("a",))),
        ("a:\n  b: 1\n# c\n", ("after", ())),
        ("a:\n  b: 1\n# c\n  d: 1\n", ("before", ("a", "d"))),
        ("a: 1\n   # c\nb: 1\n", ("before", ("b",))),
        ("a:\n- 1\n# c\n- 2\n", ("before", ("a", 1))),
        ("a:\n- # c\n  b: 1\n", ("beside", ("a", 0))),
        ("a:\n- b: 1 # c\n", ("beside", ("a", 0, "b"))),
        ("x: &x {a: 1}\ny:\n  <<: *x # c\n", ("beside", ("y", "<<"))),
        ("a: {b: 1,\n  c: {d: 1}, e: 2 # c\n  }\n", ("beside", ("a", "e"))),
        ('a: "x\n  y" # c\n', ("beside", ("a",))),
    ],
)
def test_a_comment_in_a_rare_place(text, expected):
    ((_, kind, path),) = seats(text)
    assert (kind, path) == expected


def test_comments_do_not_jump_back_into_a_block():
    """The second stands deeper, but behind one that has left the block."""
    assert seats("a:\n  b:\n    c: 1\n  # out\n    # deep\nd: 1\n") == [
        (" out", "inside", ("a",)),
        (" deep", "inside", ("a",)),
    ]


def test_blank_lines_around_comments_are_known():
    found = comments("a: 1\n\n# x\n# y\n\nb: 2 # z\n\n")
    assert [(comment.blank_before, comment.blank_after) for comment in found] == [
        (True, False),
        (False, True),
        (False, False),
    ]


@pytest.mark.parametrize("text", ["a: 'x # y'\n", 'a: "x # y"\n', "a: |\n  # x\n", "a: x#y\n", "a: >\n\n  # x\n\n"])
def test_a_hash_in_a_value_is_no_comment(text):
    assert comments(text) == ()


# Laws ------------------------------------------------------------------------------------------------------------


@given(STARTS, st.lists(PIECES, max_size=12).map("".join))
def test_every_comment_is_found_once(start, rest):
    text = (start + rest).removeprefix("\ufeff").replace("%", "")
    try:
        found = comments(text)
    except DocumentError:
        assume(False)
    assert len(found) == counted(text)


LINES = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 6), st.sampled_from(["# c", "#", "", "## x  ", "# 中: '"]))
)


@given(DATA, LINES)
def test_lines_of_comments_change_no_data_and_survive_writing(data, lines):
    """Comments of any indentation between the lines of any document: all are found, and all are written again."""
    text = [line for line in write_yaml(data, {}).splitlines() if not line.endswith(("|", "|-"))]
    assume("\n".join(text) + "\n" == write_yaml(data, {}))
    for at, indent, comment in lines:
        text.insert(at, " " * indent + comment)
    old = read_legacy("\n".join(text) + "\n", "old.yaml")
    assert same(plain(old.root), data)
    assert [comment.text for comment in old.comments] == [line.lstrip()[1:] for line in text if line.strip()[:1] == "#"]
    notes = gather(old.comments)
    written = write_yaml(data, notes.entries, notes.header, notes.footer)
    again = read_legacy(written, "new.yaml")
    assert same(plain(again.root), data)
    assert [comment.text for comment in again.comments] == [comment.text for comment in old.comments]
    notes = gather(again.comments)
    assert write_yaml(data, notes.entries, notes.header, notes.footer) == written
