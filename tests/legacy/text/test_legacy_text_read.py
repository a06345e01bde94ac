"""What PyYAML saw in a legacy file is what we see, and what it refused is refused in a sentence."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from legacy_text_rig import DATA, PIECES, SCALARS, STARTS, has_text_keys, same

from twostage.config.problems import DocumentError
from twostage.legacy.text.nodes import find, plain
from twostage.legacy.text.read import decode_legacy, read_legacy

yaml = pytest.importorskip("yaml")


def read(text):
    return read_legacy(text, "old.yaml")


def value(text):
    return find(read(f"a: {text}\n").root, ("a",))


def only_problem(text):
    with pytest.raises(DocumentError) as caught:
        read(text)
    (problem,) = caught.value.problems
    return problem


TAGGED = ["! 12", "! '12'", "!!str 12", "!!str", "!!int '12'", "!!float 5e-4", "!!float 1", "!!bool 'on'", "!!null x"]


@pytest.mark.parametrize("written", [*SCALARS, *TAGGED, "2025-09-12 10:00:00", "2001-12-14t21:59:43.10-05:00"])
def test_scalars_are_those_of_pyyaml(written):
    text = f"a: {written}\n"
    try:
        theirs = yaml.safe_load(text)
    except yaml.YAMLError:
        with pytest.raises(DocumentError):
            read(text)
    else:
        assert same(plain(read(text).root), theirs)


def test_values_that_surprise():
    """The few that people ask about, written out."""
    assert value("5e-4").value == "5e-4"
    assert value("5.0e-4").value == 0.0005
    assert value("010").value == 8
    assert value("1:30").value == 90
    assert value("off").value is False


def test_a_date_stays_text_and_is_noted():
    old = read("x:\n  created: 2025-09-12\n")
    assert plain(old.root) == {"x": {"created": "2025-09-12"}}
    (notice,) = old.notices
    assert (notice.code, notice.key, notice.line, notice.column) == ("date", "x.created", 2, 12)


@pytest.mark.parametrize(
    ("text", "style", "written"),
    [
        ("5e-4 # c", "plain", "5e-4"),
        ("'it''s'", "single", "'it''s'"),
        ('"a\\n"', "double", '"a\\n"'),
        ("|\n  x\n", "literal", "|\n  x\n\n"),
        ("&here !!float 1", "plain", "1"),
        ("!!str", "plain", ""),
        ("[1]", "flow", ""),
        ("\n  b: 1", "block", ""),
        ("", "plain", ""),
    ],
)
def test_source_text_and_style_are_kept(text, style, written):
    node = value(text)
    assert (node.style, node.written.rstrip()) == (style, written.rstrip())


def test_places_count_from_one():
    node = find(read("a:\n  - b: 'x'\n").root, ("a", 0, "b"))
    assert (node.line, node.column, node.key_line, node.key_column, node.start) == (2, 8, 2, 5, (2, 5))


def test_of_twins_the_last_wins_in_the_place_of_the_first():
    old = read("a: 1\nb: 2\na: [3]\nc: 4\na: 0x5\n")
    assert list(plain(old.root).items()) == [("a", 5), ("b", 2), ("c", 4)]
    assert [(each.path, each.line, each.written, each.value, each.winner_line) for each in old.shadowed] == [
        (("a",), 1, "1", 1, 5),
        (("a",), 3, "", [3], 5),
    ]


MERGES = [
    "x: &x {a: 1, b: 2}\ny: {c: 0, <<: *x, b: 3}\n",
    "x: &x {a: 1}\ny: &y {a: 2, b: 3}\nz: {<<: [*x, *y], q: 1}\n",
    "x: &x {a: 1}\ny: &y {a: 2}\nz:\n  <<: *x\n  <<: *y\n",
    "x: &x {a: 1, a: 2}\ny: &y\n  <<: *x\n  b: 1\nz:\n  b: 2\n  <<: *y\n",
    "x: &x [1, 2]\ny: [*x, *x]\n&k key: *k\n",
    "'<<': {a: 1}\n=: 2\n",
]


@pytest.mark.parametrize("text", MERGES)
def test_anchors_and_merge_keys_are_those_of_pyyaml(text):
    assert same(plain(read(text).root), yaml.safe_load(text))


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("", (1, 1), "the document is empty; expected a mapping of keys to values"),
        ("# only\n", (1, 1), "the document is empty; expected a mapping of keys to values"),
        ("- 1\n", (1, 1), "the document is a list; expected a mapping of keys to values"),
        ("text\n", (1, 1), "the document is a single value; expected a mapping of keys to values"),
        ("a: 1\n---\nb: 2\n", (2, 1), "a second document starts here; expected one document per file"),
        ("a:\n\tb: 1\n", (2, 1), "a tab cannot indent YAML; use spaces"),
        ("a: 1\t# c\n", (1, 5), "a tab stands between the values; use spaces"),
        (
            "on: push\n",
            (1, 1),
            "expected text as key, found on, which the old loader reads as True; put it in quotes",
        ),
        (
            "a: {1:30 : 2}\n",
            (1, 5),
            "expected text as key, found 1:30, which the old loader reads as 90; put it in quotes",
        ),
        (
            "2025-09-12: 1\n",
            (1, 1),
            "expected text as key, found 2025-09-12, which the old loader reads as a date; put it in quotes",
        ),
        ("? [1]\n: 2\n", (1, 3), "expected text as key, found a list; put it in quotes"),
        ("a: !!python/name:os.system\n", (1, 4), "the tag !!python/name:os.system is not allowed; documents hold"),
        ("a: !!set {b}\n", (1, 4), "the tag !!set is not allowed; documents hold plain values only"),
        ("a: [1, 2\n", (2, 1), "the list that opens in line 1 is not closed: expected ',' or ']'"),
        ("a: 'x\n", (1, 4), "the quote that opens here is never closed"),
        ("a: b: c\n", (1, 5), "a ':' is not allowed here; quote the text, or check the indentation"),
        ("a: 1\n  b: 2\n", (2, 4), "a ':' is not allowed here; quote the text, or check the indentation"),
        ("a: x\x07y\n", (1, 5), "a control character is not allowed in YAML; write it as an escape in quotes"),
        ("a: 0x_\n", (1, 4), "expected a value that can be read, found 0x_, which the old loader fails to read"),
        ("a: =\n", (1, 4), "the old loader cannot read = as a value"),
        ("a: *x\n", (1, 4), "*x names an anchor that is not defined above"),
        ("a: &x [*x]\n", (1, 8), "*x stands inside the value that &x names; it would never end"),
        ("a: &x 1\nb: &x 2\n", (2, 4), "the anchor &x stands twice; give each its own name"),
        ("<<: 1\n", (1, 1), "expected a mapping or a list of mappings to merge"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_sentence(text, where, message):
    problem = only_problem(text)
    assert problem.file == "old.yaml"
    assert (problem.line, problem.column) == where
    assert problem.message.startswith(message)


MEGABYTE = 1_048_576


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: " + "[" * (MEGABYTE - 3), "too_deep"),
        ("- " * (MEGABYTE // 2), "too_deep"),
        ("a: " + "{a: " * (MEGABYTE // 4 - 1), "too_deep"),
        ("a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)), "too_large"),
        ("a0: &a0 [1]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 200)), "too_deep"),
        ("a: 1" + ":0" * 500_000, "unreadable_value"),
        ("a: " + "9" * 5000, "unreadable_value"),
        ("#" * (MEGABYTE + 1), "too_large"),
    ],
)
def test_hostile_text_ends_early(text, code):
    start = time.process_time()
    assert only_problem(text).code == code
    assert time.process_time() - start < 5


def test_bytes_are_utf_8_or_gb18030():
    assert decode_legacy("\ufeffa: 轴承".encode()) == ("a: 轴承", None)
    text, notice = decode_legacy("a: 1\nb: 轴承\n".encode("gb18030") + b"\xff", "old.yaml")
    assert text == "a: 1\nb: 轴承\n"
    assert (notice.code, notice.file, notice.line) == ("encoding", "old.yaml", 2)


@pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_two_or_four_bytes_for_a_letter_are_told(name):
    with pytest.raises(DocumentError, match=r"old\.yaml: the file is UTF-16 or UTF-32; save it as UTF-8"):
        decode_legacy("a: 1\n".encode(name), "old.yaml")


def test_line_ends_and_the_byte_order_mark_change_nothing():
    text = "\ufeffa: 1 # x\r\nb: |\r\n  y\r\n"
    old = read(text)
    assert plain(old.root) == yaml.safe_load(text)
    assert [comment.text for comment in old.comments] == [" x"]


# Laws ------------------------------------------------------------------------------------------------------------


@given(STARTS, st.lists(PIECES, max_size=12).map("".join))
def test_any_text_is_read_as_pyyaml_reads_it(start, rest):
    """Both ways: a mapping with text as keys is read alike, and everything else is refused."""
    text = start + rest
    try:
        theirs = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        theirs = None
    if isinstance(theirs, dict) and has_text_keys(theirs):
        assert same(plain(read(text).root), theirs)
    else:
        with pytest.raises(DocumentError):
            read(text)


@given(
    DATA,
    st.sampled_from([None, True, False]),
    st.sampled_from([None, "'", '"', "|", ">"]),
    st.booleans(),
    st.integers(1, 80),
)
def test_what_pyyaml_writes_is_read_back(data, flow, style, unicode, width):
    text = yaml.safe_dump(
        data, default_flow_style=flow, default_style=style, allow_unicode=unicode, width=width, sort_keys=False
    )
    try:
        theirs = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):  # it cannot read all that it writes
        return
    assert same(plain(read(text).root), theirs)
