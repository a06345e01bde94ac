"""Classes per system: no output for a label that never occurs, and the right one for each that does."""

from __future__ import annotations

import pytest
from strategies import recording

from twostage.data.labels import UNLABELLED, LabelSpace
from twostage.errors import DataError

RECORDINGS = [
    recording(1, system=1, label=3),
    recording(2, system=1, label=0),
    recording(3, system=2, label=0),
    recording(4, system=2, label=7),
    recording(5, system=2, label=None),
]


def test_gaps_in_the_numbering_cost_no_output():
    space = LabelSpace.of(RECORDINGS, shared=False)
    assert space.classes == {1: (0, 3), 2: (0, 7)}
    assert space.indices(RECORDINGS).tolist() == [1, 0, 0, 1, UNLABELLED]


def test_a_shared_space_is_the_union():
    space = LabelSpace.of(RECORDINGS, shared=True)
    assert space.classes == {1: (0, 3, 7), 2: (0, 3, 7)}
    assert space.indices(RECORDINGS).tolist() == [1, 0, 0, 2, UNLABELLED]


def test_a_label_outside_the_space_is_no_class():
    space = LabelSpace.of(RECORDINGS, shared=False)
    assert space.indices([recording(9, system=1, label=5)]).tolist() == [UNLABELLED]


def test_one_class_is_nothing_to_tell_apart():
    with pytest.raises(DataError, match="system 1 has 1 labelled"):
        LabelSpace.of([RECORDINGS[0]], shared=False)
