"""The laws of the conversion, each by its number in ``twostage/legacy/LAWS.md``; the text laws 6 and 7 are elsewhere.

Every law holds for each shape: 200 drawn documents here, 10,000 in runs that are marked long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from legacy_edits import Edit, edited, edits
from legacy_new_documents import WORDS_OF_SHAPE, expressible
from legacy_strategies import SHAPES, old_documents
from pydantic import ValidationError
from shared_data import CORPUS
from strategies import documents

from twostage.config.document import TwoStageConfig
from twostage.legacy.command.job import Wish, convert_files
from twostage.legacy.convert import Conversion, ConversionError, to_new, to_old
from twostage.legacy.core.leaves import KeyPath, at, leaves, put, same

USUAL = 200
MANY = 10_000
# Where a law looks at three variants of each drawn document, a third of them is as much.
VARIANTS = 3
OLD = tuple(sorted({shape for shape, _ in SHAPES.values()}))
NEW = tuple(WORDS_OF_SHAPE)
READINGS = st.sampled_from(("meant", "meant", "as_executed"))

Law = Callable[[Any], None]


def holds(law: Law, drawn: st.SearchStrategy[Any], examples: int) -> None:
    """Check a law on drawn documents."""
    quiet = [
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
        HealthCheck.large_base_example,
    ]

    @settings(max_examples=examples, suppress_health_check=quiet)
    @given(drawn)
    def check(value: Any) -> None:
        law(value)

    check()


def counts(law: Callable[[str, int], None]) -> Callable[[str, int], None]:
    """Both numbers of examples, the greater one in long runs only."""
    long = pytest.param(MANY, marks=[pytest.mark.long], id="long")
    return pytest.mark.parametrize("examples", [pytest.param(USUAL, id="usual"), long])(law)


of_old = pytest.mark.parametrize("shape", OLD)
of_new = pytest.mark.parametrize("shape", NEW)


def body_of(document: dict[str, Any]) -> dict[str, Any]:
    """What a document says, without what it remembers."""
    return {key: value for key, value in document.items() if key != "legacy"}


def back_and_forth(document: dict[str, Any], to: str | None = None) -> dict[str, Any]:
    """The document after a way back; the options of its conversion are in its carrier."""
    carrier = document.get("legacy", {})
    files = to_old(document, to=to)
    return to_new(files, pipeline=carrier.get("pipeline"), reading=carrier.get("reading", "meant")).document


def flat(document: dict[str, Any]) -> dict[str, Any]:
    """Leaves by dotted key."""
    return {".".join(map(str, path)): value for path, value in leaves(body_of(document))}


def equal(left: dict[str, Any], right: dict[str, Any]) -> bool:
    """Whether two documents say the same; the order in which a person writes keys says nothing."""
    ours, theirs = flat(left), flat(right)
    return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)


# 1 Accounting ----------------------------------------------------------------------------------------------------


def naive_leaves(value: Any, path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    """Leaves as the law counts them, written down again without the converter."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list) and all(isinstance(item, dict) for item in value):
        items = list(enumerate(value))
    if not items:
        yield path, value
    for key, child in items:
        yield from naive_leaves(child, (*path, key))


def accounted(files: list[dict[str, Any]], conversion: Conversion) -> tuple[int, int]:
    """How many leaves are mapped and how many are kept; fails where one is neither, or not what it was."""
    wanted = {(number, *path): value for number, file in enumerate(files) for path, value in naive_leaves(file, ())}
    assert [leaf.path for leaf in conversion.leaves] == list(wanted), "each leaf is counted once"
    mapped, kept = 0, 0
    for path, value in wanted.items():
        targets = conversion.uses.get(path, ())
        for target in targets:
            at(conversion.document, target)  # raises where the key does not exist
        if targets:
            mapped += 1
            continue
        there = at(conversion.document["legacy"]["files"][path[0]]["kept"], path[1:])
        assert same(there, value), f"{path} is kept as {there!r}, and was {value!r}"
        kept += 1
    return mapped, kept


def refusals_have_reasons(conversion: Conversion) -> None:
    """What is refused stands in the document with its reason, so that a run stops."""
    listed = conversion.document.get("legacy", {}).get("refused", [])
    assert {entry["key"]: entry["reason"] for entry in listed} == dict(conversion.refused)
    assert all(entry["reason"] for entry in listed)


@of_old
@counts
def test_law_1_accounting(shape: str, examples: int) -> None:
    """Every leaf is mapped or kept, the sum is that of the old documents, what is refused says why, and it is valid."""

    def law(drawn: tuple[list[dict[str, Any]], str]) -> None:
        files, reading = drawn
        conversion = to_new(files, reading=reading)
        assert conversion.detection.shape == shape
        mapped, kept = accounted(files, conversion)
        assert mapped + kept == sum(1 for file in files for _ in naive_leaves(file, ()))
        off = shape != "fragment" and not {"stage_1", "stage_2"} & set(conversion.document)
        assert valid(conversion.document) or off
        refusals_have_reasons(conversion)

    holds(law, st.tuples(old_documents(shape), READINGS), examples)


@pytest.mark.realdata
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no legacy files: {CORPUS} is absent")
def test_law_1_accounting_of_every_real_file() -> None:
    """Each leaf of each file has one fate: mapped, kept or refused, and the last two say why."""
    total = 0
    for path in sorted(CORPUS.glob("*.yaml")):
        outcome = convert_files([path], Wish())
        if outcome.status == "failed":
            continue
        fates = outcome.leaves
        assert fates["total"] == fates["mapped"] + fates["kept"] + fates["refused"] == len(outcome.rows)
        assert len({row.key for row in outcome.rows}) == len(outcome.rows), path.name
        assert all(row.to if row.fate == "mapped" else row.code and row.reason for row in outcome.rows), path.name
        total += fates["total"]
    assert total > 9_000


def valid(body: dict[str, Any]) -> bool:
    """Whether a document could run."""
    try:
        TwoStageConfig.model_validate(body)
    except ValidationError:
        return False
    return True


# 2 There and back ------------------------------------------------------------------------------------------------


@of_old
@counts
def test_law_2_there_and_back_from_old(shape: str, examples: int) -> None:
    """An old document comes back with its types, nulls and order, and its conversion converts to itself."""

    def law(drawn: tuple[list[dict[str, Any]], str, str | None]) -> None:
        files, reading, pipeline = drawn
        before = deepcopy(files)
        document = to_new(files, reading=reading, pipeline=pipeline).document
        assert same(files, before), "converting changes nothing of what it is given"
        remembered = deepcopy(document)
        back = to_old(document)
        assert same(back, files)
        assert same(document, remembered), "going back changes nothing of what it is given"
        assert same(to_new(back, reading=reading, pipeline=pipeline).document, document)

    pipelines = st.sampled_from((None, None, None, "02", "04") if shape == "single" else (None,))
    holds(law, st.tuples(old_documents(shape), READINGS, pipelines), examples)


@of_new
@counts
def test_law_2_there_and_back_from_new(shape: str, examples: int) -> None:
    """A new document that a shape has words for goes into that shape and comes back as it was."""

    def law(body: dict[str, Any]) -> None:
        again = back_and_forth(body, to=WORDS_OF_SHAPE[shape])
        assert equal(again, body)
        assert again["legacy"]["shape"] == shape

    holds(law, expressible(shape).filter(valid), examples)


@of_new
@counts
def test_law_2_what_was_once_old_goes_back_without_its_carrier(shape: str, examples: int) -> None:
    """Without what it remembers, a converted document goes into its shape, or the keys without a word are named."""

    def law(files: list[dict[str, Any]]) -> None:
        body = body_of(to_new(files).document)
        comes_back_or_is_named(body, WORDS_OF_SHAPE[shape])

    holds(law, old_documents(shape), examples // 2)


@pytest.mark.parametrize("to", [None, *WORDS_OF_SHAPE.values()])
def test_law_2_any_new_document_comes_back_or_its_keys_are_named(to: str | None) -> None:
    """Documents drawn from the schema, most of which say something that no old one could."""
    holds(lambda document: comes_back_or_is_named(body_of(document), to), documents(), 40)


def comes_back_or_is_named(body: dict[str, Any], to: str | None) -> None:
    """Either the same document, or a refusal that names a key."""
    try:
        again = back_and_forth(body, to=to)
    except ConversionError as refusal:
        assert names_a_key(str(refusal), flat(body)), refusal  # noqa: PT017 - a refusal may come or not
        return
    assert equal(again, {key: value for key, value in body.items() if key != "version"})


def names_a_key(text: str, keys: dict[str, Any]) -> bool:
    """Whether a refusal names a key or a section that the document has, or one that it would have to have."""
    rooms = {".".join(above) for key in keys for above in accumulate((part,) for part in key.split(".")[:-1])}
    text = re.sub(r"\[(\d+)\]", r".\1", text)  # places in a list are told in brackets
    return any(key in text for key in {*keys, *rooms}) or "; write " in text


# 3 Edited carrier ------------------------------------------------------------------------------------------------


@of_old
@counts
def test_law_3_edited_carrier(shape: str, examples: int) -> None:
    """An edit of a converted document survives the way back and forth, or is refused by its name or as not valid."""

    def law(drawn: tuple[list[dict[str, Any]], Edit, int]) -> None:
        files, edit, place = drawn
        document = to_new(files).document
        change = edited(document, edit, place)
        assume(change is not None)
        changed, key = change
        try:
            back = to_old(changed)
        except ConversionError as refusal:
            told = str(refusal)
            assert names_the_edit(told, key) or names_a_key(told, {}) or not valid(changed), told
            return
        again = to_new(back, pipeline=changed.get("legacy", {}).get("pipeline")).document
        assert equal(again, changed), key
        assert_kept_survives(document, again, back)

    holds(law, st.tuples(old_documents(shape), edits(), st.integers(0, 1000)), examples)


# Of two keys that do not go together the refusal may name either.
DEPENDENT = (
    ("stage_1.backbones", "model.backbone"),
    ("model.backbone", "stage_1.backbones"),
    ("", "variants."),  # what a variant sets may fit only what was there
)


def names_the_edit(text: str, key: str) -> bool:
    """The key, its section or stage, a stage's own word for it, or another key that depends on it."""
    room, _, rest = key.partition(".")
    own = any(f"{stage}.{rest}" in text for stage in ("stage_1", "stage_2"))
    return room in text or own or any(key.startswith(one) and other in text for one, other in DEPENDENT)


def assert_kept_survives(before: dict[str, Any], after: dict[str, Any], back: list[dict[str, Any]]) -> None:
    """What was kept is still there: what changed in the document may take its place, and nothing else."""
    replaced = 0
    for number, file in enumerate(before.get("legacy", {}).get("files", ())):
        for path, value in leaves(file.get("kept", {})):
            if path and value not in ({}, None):
                replaced += not same(at(back[number], path), value)  # raises where it is lost
    was, now = flat(before), flat(after)
    changes = [
        key for key in was.keys() | now.keys() if key not in was or key not in now or not same(was[key], now[key])
    ]
    names = 2  # an embedding brings the names of its family with it
    assert replaced <= len(back) * (len(changes) + names)


# 5 Presence ------------------------------------------------------------------------------------------------------


@of_old
@counts
def test_law_5_presence_of_old_keys(shape: str, examples: int) -> None:
    """A key that is absent, one that is null and one with a value are three documents, and stay so."""

    def law(drawn: tuple[list[dict[str, Any]], int]) -> None:
        files, place = drawn
        spots = [(number, path) for number, file in enumerate(files) for path, _ in leaves(file) if path]
        number, path = spots[place % len(spots)]
        with_null, without = deepcopy(files), deepcopy(files)
        at(with_null[number], path[:-1])[path[-1]] = None
        holder = at(without[number], path[:-1])
        assume(isinstance(holder, dict))
        del holder[path[-1]]
        for variant in (files, with_null, without):
            try:
                document = to_new(variant).document
            except ConversionError:
                continue  # without a stage or a section it may be no configuration any more
            assert same(to_old(document), variant)

    holds(law, st.tuples(old_documents(shape), st.integers(0, 1000)), examples // VARIANTS)


@of_new
@counts
def test_law_5_presence_of_new_keys(shape: str, examples: int) -> None:
    """A default that is written, a null that is written, and nothing: none of them becomes another."""

    def law(drawn: tuple[dict[str, Any], int]) -> None:
        body, place = drawn
        unsaid, said = _unsaid(body), [path for path, _ in leaves(body) if isinstance(path[-1], str)]
        variants = [deepcopy(body) for _ in range(3)]
        if unsaid:
            path, default = unsaid[place % len(unsaid)]
            put(variants[0], path, default)
            put(variants[1], path, None)
        path = said[place % len(said)]
        del at(variants[2], path[:-1])[path[-1]]
        for variant in variants:
            comes_back_or_is_named(variant, WORDS_OF_SHAPE[shape])

    holds(law, st.tuples(expressible(shape), st.integers(0, 1000)), examples // VARIANTS)


def _unsaid(body: dict[str, Any]) -> list[tuple[KeyPath, Any]]:
    """Keys that a document could have and leaves to their default, with the default."""
    try:
        whole = TwoStageConfig.model_validate(body).model_dump(mode="json", exclude={"legacy", "version"})
    except ValidationError:
        return []
    return [(path, value) for path, value in leaves(whole) if path and _free(body, path)]


def _free(body: dict[str, Any], path: KeyPath) -> bool:
    try:
        at(body, path)
    except KeyError:
        return all(isinstance(key, str) for key in path)
    return False
