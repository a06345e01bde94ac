"""Values in both directions, and the small machinery of paths and orders, each against what it says of itself."""

from __future__ import annotations

import pytest

from twostage.legacy.core.backward import NO_WORD
from twostage.legacy.core.codecs import Choice, Flag, Ids, Number, Text, Whole
from twostage.legacy.core.forward import NotHere
from twostage.legacy.core.leaves import at, bars, dotted, leaves, put
from twostage.legacy.core.order import addresses, order_of, rebuild
from twostage.legacy.rules.cadence import Part
from twostage.legacy.rules.environment import SeedList
from twostage.legacy.rules.multitask import Pair
from twostage.legacy.rules.networks import Even, FourLayers, Words
from twostage.legacy.rules.trainer import Devices

NAMES = Choice({"a": ("x", "y"), True: (True, "on")})
DECODED = [
    (Number(), [(1, 1.0), ("5e-4", 5e-4), (" 2 ", 2.0), (-3, -3.0)]),
    (Number(least=0.0), [(0, 0.0), (0.5, 0.5)]),
    (Number(above=0.0, below=1.0), [(0.5, 0.5)]),
    (Whole(1), [(1, 1), (100.0, 100), ("8", 8), (10**30, 10**30)]),
    (Whole(0, below=9), [(0, 0), (8, 8)]),
    (Flag(), [(True, True), ("true", True), (" True ", True), (False, False), ("FALSE", False)]),
    (Text(), [("x", "x"), (" ", " ")]),
    (Ids(), [([1, 2], [1, 2]), (5, [5]), ([2, 2, 1], [2, 1]), (["3", " -4 "], [3, -4])]),
    (NAMES, [("X", "a"), (" y ", "a"), (True, True), ("ON", True)]),
    (SeedList(), [([3, 1], [3, 1]), (7, [7])]),
    (Pair(), [([1, 2.5], [1.0, 2.5])]),
    (Even(), [(4, 4), (64, 64)]),
    (FourLayers(), [([1, 2, 3, 4], [1, 2, 3, 4])]),
    (Words(NAMES), [(["x"], ["a"]), (["x", True], ["a", True])]),
    (Devices(), [(2, 2), ([0, 1], 2), ([1, 1], 1), ("2", 2)]),
    (Part(), [(0.5, 0.5), (1.0, 1.0), ("0.25", 0.25)]),
]
REFUSED = [
    (Number(), [None, True, "x", [], float("inf"), -float("inf"), float("nan"), ".inf"]),
    (Number(least=0.0), [-0.1]),
    (Number(above=0.0, below=1.0), [0.0, 1.0, 2]),
    (Whole(1), [0, 1.5, True, None, "x", float("inf"), float("nan"), [1]]),
    (Whole(0, below=9), [-1, 9]),
    (Flag(), [1, 0, None, "yes", "", [True], {}]),
    (Text(), ["", None, 3]),
    (Ids(), [[], None, 1.0, True, [True], ["x"], "1,5", [[1]], "-"]),
    (NAMES, ["z", 1, None, False]),
    (SeedList(), [[-1], [2**32], []]),
    (Pair(), [[1.0], [1, 2, 3], [0, 1], 1, None]),
    (Even(), [2, 5, 0]),
    (FourLayers(), [[1, 2, 3], [1, 2, 3, 0], 4, [1, 2, 3, 4, 5]]),
    (Words(NAMES), [[], "x", ["x", "y"], ["z"], None]),
    (Devices(), [0, [], ["a"], [True], None]),
    (Part(), [1, 0.0, 1.5, 2.0, -0.5, None]),
]


def cases(table):
    return [pytest.param(codec, *each, id=f"{type(codec).__name__} {each}") for codec, every in table for each in every]


@pytest.mark.parametrize(("codec", "old", "new"), cases(DECODED))
def test_what_an_old_value_becomes(codec, old, new):
    found = codec.decode(old)
    assert (found, type(found)) == (new, type(new))
    assert codec.decode(codec.encode(new)) == new


@pytest.mark.parametrize(("codec", "old"), cases([(codec, [(each,) for each in every]) for codec, every in REFUSED]))
def test_what_no_new_value_is(codec, old):
    with pytest.raises(NotHere):
        codec.decode(old)


def test_what_has_no_old_word_is_left_out():
    assert NAMES.encode("b") is NO_WORD
    assert NAMES.encode("a") == "x"
    assert Words(NAMES).encode(["a", "b"]) is NO_WORD


DOCUMENT = {"a": {"b": 1, "c": {}}, "d": [{"e": 2}, {"f": 3}], "g": [1, {"h": 4}], "i": []}


def test_leaves_are_scalars_and_what_holds_no_mappings_alone():
    found = [
        (("a", "b"), 1),
        (("a", "c"), {}),
        (("d", 0, "e"), 2),
        (("d", 1, "f"), 3),
        (("g",), [1, {"h": 4}]),
        (("i",), []),
    ]
    assert list(leaves(DOCUMENT)) == found
    again = {}
    for path, value in found:
        put(again, path, value)
        assert at(again, path) == value
    assert again == DOCUMENT
    with pytest.raises(KeyError):
        at(DOCUMENT, ("d", 2))


@pytest.mark.parametrize(
    ("path", "barred"),
    [
        (("a", "b"), False), (("a", "b", "x"), True), (("a",), True), (("a", "c"), False), (("a", "c", "x"), False),
        (("x", "y"), False), (("d", 0, "e"), False), (("d", 2, "e"), False), (("d", 0), True), (("i", 0, "x"), False),
        (("i", "x"), False), (("g", "x"), True), (("g",), False),
    ],
)  # fmt: skip
def test_a_value_bars_what_would_stand_below_it(path, barred):
    assert bars(DOCUMENT, path) is barred


def test_a_path_for_people():
    assert dotted(("stages", 0, "task", "lr")) == "stages[0].task.lr"
    assert dotted(("a.b", "c[0]")) == '"a.b"."c[0]"'


def test_a_file_is_built_again_in_its_order():
    kept = {("a", "c"): {}, ("d", 1, "f"): 3, ("g",): [1, {"h": 4}]}
    order = order_of(DOCUMENT, kept)
    assert order == [{"a": ["b", "c"]}, {"d": [["e"], ["f"]]}, "g", "i"]
    holder = {"a": {"c": {}}, "d": [{}, {"f": 3}], "g": [1, {"h": 4}]}
    mapped = {("a", "b"): 1, ("d", 0, "e"): 2, ("i",): [], ("new",): 5}
    assert addresses(order, holder) == [("a", "b"), ("d", 0, "e"), ("i",)]
    assert rebuild(order, holder, mapped) == (DOCUMENT, {("a", "b"), ("d", 0, "e"), ("i",)})
    without, placed = rebuild(order, holder, {("i",): []})
    assert (without["a"], without["d"], placed) == ({"c": {}}, [{}, {"f": 3}], {("i",)})
