"""Text to a tree: values, positions, and an end to hostile text."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twostage.config.problems import DocumentError
from twostage.config.reading.files import text_layer
from twostage.config.reading.tree import find, plain
from twostage.config.reading.yaml_tree import parse_value, parse_yaml


def tree(text):
    node, problems = parse_yaml(text, text_layer("a.yaml", text, "file", "."))
    if problems:
        raise DocumentError(problems)
    return node


def value(text):
    return plain(parse_value(text, text_layer("a.yaml", text, "file", "."))[0])


def only_problem(text):
    with pytest.raises(DocumentError) as caught:
        tree(text)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("-.5", -0.5),
        ("12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("010", 10),
        ("yes", "yes"),
        ("off", "off"),
        ("TRUE", True),
        ("~", None),
        ("", None),
        ("2024-01-01", "2024-01-01"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("'12'", "12"),
        ('"a\\u00e9"', "aé"),
        ("!!str 12", "12"),
        ("!!int '12'", 12),
        ("!!float 12", 12.0),
        ("! 12", "12"),
        ("[1, {a: null}]", [1, {"a": None}]),
    ],
)
def test_scalars_follow_yaml_1_2(text, expected):
    found = value(text)

    assert found == expected
    assert type(found) is type(expected)


def test_every_node_knows_its_place():
    node = tree("# comment\na:\n  - b: 1\n    c: [2, 3]\n")

    places = {path: find(node, path) for path in [("a",), ("a", 0, "c"), ("a", 0, "c", 1)]}

    assert [(each.start.line, each.start.column) for each in places.values()] == [(2, 1), (4, 5), (4, 12)]
    assert (places["a", 0, "c"].place.line, places["a", 0, "c"].place.column) == (4, 8)
    assert places["a", 0, "c"].place.source_line == "    c: [2, 3]"


def test_places_hold_with_bom_and_windows_line_ends():
    place = find(tree("\ufeffa: 1\r\nb: x\r\n"), ("b",)).place

    assert (place.line, place.column, place.source_line) == (2, 4, "b: x")


def test_a_value_that_is_not_written_stands_at_its_key():
    place = find(tree("a:\n  b:\n\nc: 1\n"), ("a", "b")).place

    assert (place.line, place.column) == (2, 3)


def test_anchors_aliases_and_merge_keys_expand():
    """Own keys win over merged ones, and the first of several merged mappings wins."""
    text = "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc: {<<: [*a, *b], y: 3}\nd: *a\ne: {<<: *b}\n"

    data = plain(tree(text))

    assert data["c"] == {"x": 1, "y": 3, "z": 2}
    assert data["d"] == {"x": 1, "y": 1}
    assert data["e"] == {"x": 2, "z": 2}


def test_a_quoted_merge_key_is_a_key():
    assert plain(tree("a: {'<<': 1}")) == {"a": {"<<": 1}}


def test_an_alias_under_another_key_has_that_key_as_place():
    node = tree("a: &x {k: 1}\nb: *x\n")

    assert find(node, ("b",)).start.line == 2
    assert find(node, ("a",)).start.line == 1


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a:\n\tb: 1", "yaml_syntax", 2, 1),
        ("a: 'x\n", "yaml_syntax", 1, 4),
        ("a: b: c", "yaml_syntax", 1, 5),
        ("a: [1, 2\nb: 3", "yaml_syntax", 2, 2),
        ("a: \x01", "character", 1, 4),
        ("a: 1\na: 2", "duplicate_key", 2, 1),
        ("a: 1\n---\nb: 2", "several_documents", 2, 1),
        ("- a", "not_a_mapping", 1, 1),
        ("text", "not_a_mapping", 1, 1),
        ("", "empty", 1, 1),
        ("# only a comment\n", "empty", 1, 1),
        ("---\n...\n", "empty", 1, 1),
        ("1: a", "key_type", 1, 1),
        ("true: a", "key_type", 1, 1),
        ("? [a, b]\n: c", "key_type", 1, 3),
        ("a: .nan", "not_finite", 1, 4),
        ("a: -.inf", "not_finite", 1, 4),
        ("a: 1e999", "not_finite", 1, 4),
        ("a: !!python/object/apply:os.system ['true']", "tag", 1, 4),
        ("a: !mine x", "tag", 1, 4),
        ("a: !!int x", "unreadable_value", 1, 4),
        ("a: !!null x", "unreadable_value", 1, 4),
        ("a: " + "9" * 5000, "unreadable_value", 1, 4),
        ("a: &x [*x]", "alias", 1, 8),
        ("a: *x", "alias", 1, 4),
        ("a: {<<: 3}", "merge_key", 1, 5),
        ("%YAML 1.1\n---\na: 1", "yaml_version", 2, 1),
        ("a: " + "[" * 200 + "]" * 200, "too_deep", 1, 103),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, code, line, column):
    problem = only_problem(text)

    assert (problem.code, problem.line, problem.column) == (code, line, column)


def test_a_duplicate_key_names_both_lines():
    assert "in line 1 and in line 3" in only_problem("a: 1\nb: 2\na: 3").message


def test_reading_goes_on_after_what_can_be_left_out():
    with pytest.raises(DocumentError) as caught:
        tree("a: 1\na: 2\nb: .nan\nc: !x 1\n")

    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_no_tag_runs_anything(tmp_path):
    """A document is data: the command behind a tag leaves no trace."""
    trace = tmp_path / "trace"

    only_problem(f"a: !!python/object/apply:pathlib.Path.touch [{trace}]")

    assert not trace.exists()


def laughs(levels):
    rows = ["l0: &l0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(rows)


def chain(length):
    return "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, length))])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (laughs(30), "too_large"),
        (chain(500), "too_deep"),
        ("[" * 1_000_000, "too_deep"),
        ("{a: " * 250_000, "too_deep"),
        ("\n".join(" " * i + "a:" for i in range(1000)), "too_deep"),
        ("a: [" + "1," * 150_000, "too_large"),
    ],
    ids=["laughs", "alias chain", "lists", "mappings", "blocks", "wide"],
)
def test_hostile_text_ends_early(text, code):
    start = time.process_time()

    assert only_problem(text).code == code
    assert time.process_time() - start < 20


@given(st.text(st.sampled_from("ab:-[]{}&*!%'\"|>?#,~1.\\\n\t Ux<\ufeff\x85\x00é"), max_size=40) | st.text(max_size=20))
def test_any_text_is_read_or_refused(text):
    """No text makes the parser raise anything but our error."""
    with contextlib.suppress(DocumentError):
        parse_yaml(text, text_layer("a.yaml", text, "file", "."))
