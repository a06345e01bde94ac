"""What each key of an old file does beside a known document, and what each word of a new document is in old ones.

``cases.txt`` and ``words.txt`` list it line by line, as it is meant. ``make_cases.py`` finds the lines anew.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from legacy_cases import ELSEWHERE, SETTINGS, outcome, put_back
from legacy_every_word import every_word
from legacy_strategies import OLD_KEYS

HERE = Path(__file__).parent
MEANT = "if it is meant, run .venv/bin/python tests/legacy/make_cases.py and read the difference"


def listed():
    """The lines of each setting, as keys and what they change."""
    found = defaultdict(list)
    for line in (HERE / "cases.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            name = line.removeprefix("== ")
        elif line:
            keys, _, told = line.partition(" => ")
            found[name].append((json.loads(keys), told))
    return found


LISTED = listed()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_key_changes_what_it_is_meant_to_change(name):
    changed = [
        f"{keys}\n  was: {told}\n  now: {now}"
        for keys, told in LISTED[name]
        if (now := outcome(SETTINGS[name], keys)) != told
    ]
    assert changed == [], MEANT


def test_every_key_that_a_rule_knows_is_among_them():
    tried = {key for cases in LISTED.values() for keys, _ in cases for key in keys}
    assert {key for key in OLD_KEYS if key not in tried} <= ELSEWHERE, MEANT
    assert set(LISTED) == set(SETTINGS), MEANT


def test_every_word_of_a_new_document_has_its_place_in_old_ones():
    wanted = (HERE / "words.txt").read_text(encoding="utf-8").splitlines()
    assert sorted({f"{shape} {put_back(shape, body)}" for shape, body in every_word()}) == wanted, MEANT
