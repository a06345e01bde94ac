"""The nearest right name."""

from __future__ import annotations

import random

import pytest

from twostage.config.checking.shapes import root_shape
from twostage.config.checking.suggest import distance, nearest_name
from twostage.config.checking.unknown_keys import advice
from twostage.config.load import load_config
from twostage.config.problems import DocumentError

LETTERS = "abcdefghijklmnopqrstuvwxyz_"


def mappings(shape, path=(), siblings=None):
    """Every mapping of a document: its path, shape, and the variants beside it."""
    if shape.tags:
        for variant in shape.tags.values():
            yield from mappings(variant, path, shape)
        return
    if shape.properties:
        yield path, shape, siblings
    for name, below in shape.properties.items():
        yield from mappings(below.item(0) or below, (*path, name))


def typos(name, chance):
    """All single edits that take letters out or swap them, and some that put others in."""
    made = {name[:i] + name[i + 1 :] for i in range(len(name))}
    made |= {name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in range(len(name) - 1)}
    for i in range(len(name) + 1):
        letter = chance.choice(LETTERS)
        made |= {name[:i] + letter + name[i:], name[:i] + letter + name[i + 1 :]}
    return made - {name, ""}


def test_single_typos_of_all_keys_are_recognised():
    """At least 95 of 100 single-edit typos of every key lead back to it."""
    chance = random.Random(0)  # noqa: S311 - typos need no secrecy
    right, wrong = 0, []
    # A section that may stand at several places is looked at once.
    for path, shape, siblings in {tuple(each[1].properties): each for each in mappings(root_shape())}.values():
        for name in shape.properties:
            for typo in typos(name, chance) - shape.properties.keys():
                told = advice(typo, path, shape, siblings, {})
                right += told == f"did you mean {name}?"
                wrong += [] if told == f"did you mean {name}?" else [(name, typo, told)]

    assert right > 1000
    assert right / (right + len(wrong)) >= 0.95, wrong[:40]


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [("", "", 0), ("", "ab", 2), ("ab", "ba", 1), ("kitten", "sitting", 3), ("lr", "lr", 0), ("abc", "cab", 2)],
)
def test_distance(left, right, edits):
    assert distance(left, right) == distance(right, left) == edits


@pytest.mark.parametrize(
    ("word", "expected"),
    [("batchSize", "batch_size"), ("batch-size", "batch_size"), ("BATCH_SIZE", "batch_size"), ("whatever", None)],
)
def test_other_spellings_and_other_words(word, expected):
    assert nearest_name(word, ["batch_size", "workers"]) == expected


@pytest.mark.parametrize(("override", "meant"), [("stage_2.epoch=3", "epochs"), ("data.source.knd=synthetic", "kind")])
def test_an_override_may_have_meant_a_key_that_is_written(override, meant):
    document = {
        "data": {"source": {"kind": "synthetic"}},
        "stage_2": {"adapt_mode": "finetune", "targets": [{"system": 2}], "epochs": 1},
    }
    with pytest.raises(DocumentError, match=f"did you mean {meant}?"):
        load_config(document, overrides=[override])
