"""Each unit of a split: counts by hand, what is told, and what is refused."""

from __future__ import annotations

import pytest
import strategies as own

from twostage.config.splits import BearingSplit, DomainSplit, RecordingSplit, SystemSplit, TimeSplit
from twostage.data.recordings import PARTS, Segment
from twostage.data.splits import make_split
from twostage.data.splits.groups import allocate
from twostage.errors import SplitError


def split(recordings, config, **options):
    return make_split(recordings, config, **({"window_length": 100} | options))


def ids(result):
    return {part: [s.recording for s in result.parts[part]] for part in PARTS}


def codes(result):
    return [notice.code for notice in result.notices]


def several(per_class, **changes):
    """Recordings of two classes, each with its own bearing unless told otherwise."""
    return [
        own.recording(100 * c + i, **({"label": c, "bearing": f"{c}{i}"} | changes))
        for c in (0, 1)
        for i in range(per_class)
    ]


@pytest.mark.parametrize(
    ("count", "shares", "expected"),
    [
        (10, (0.6, 0.2, 0.2), (6, 2, 2)),
        (4, (0.6, 0.2, 0.2), (2, 1, 1)),
        (3, (0.6, 0.2, 0.2), (1, 1, 1)),
        (3, (0.98, 0.01, 0.01), (1, 1, 1)),
        (7, (0.7, 0.1, 0.2), (5, 1, 1)),
        (1, (0.6, 0.2, 0.2), (1, 0, 0)),
        (0, (0.6, 0.2, 0.2), (0, 0, 0)),
    ],
)
def test_shares_become_counts_by_largest_remainder(count, shares, expected):
    assert tuple(allocate(count, dict(zip(PARTS, shares, strict=True))).values()) == expected


def test_a_class_with_fewer_recordings_than_parts_is_refused():
    recordings = [*several(4), own.recording(900, label=2), own.recording(901, label=2)]
    with pytest.raises(SplitError, match=r"system 1, class 2: 2 recording\(s\), fewer than the 3 parts train, valid"):
        split(recordings, RecordingSplit())


def few_bearings():
    """Class 0 has one bearing in three recordings, class 1 has four bearings."""
    return [own.recording(i, bearing="N") for i in range(3)] + [
        own.recording(10 + i, label=1, bearing=str(i)) for i in range(4)
    ]


def test_few_bearings_are_an_error_by_default():
    with pytest.raises(SplitError, match=r"class 0: 1 bearing\(s\), fewer than the 3 parts .*few_bearings to train_o"):
        split(few_bearings(), BearingSplit())


def test_few_bearings_can_be_trained_on_or_left_out():
    kept = split(few_bearings(), BearingSplit(few_bearings="train_only"))
    left = split(few_bearings(), BearingSplit(few_bearings="exclude"))
    assert {0, 1, 2} <= set(ids(kept)["train"])
    assert codes(kept) == ["few-bearings", "class-missing", "class-missing"]
    assert not {0, 1, 2} & {i for part in ids(left).values() for i in part}
    assert codes(left) == ["few-bearings"]


def test_without_labels_small_classes_are_drawn_together():
    recordings = [own.recording(i, label=i, bearing=str(i)) for i in range(4)]
    result = split(recordings, BearingSplit(), labelled=False)
    assert {part: len(s) for part, s in ids(result).items()} == {"train": 2, "validation": 1, "test": 1}


def test_bearings_without_a_name_are_refused_by_column():
    with pytest.raises(
        SplitError, match=r"2 recordings of RM_A have no bearing \(Id 0, 1\); fill the column Bearing_id"
    ):
        split([own.recording(i, bearing=None) for i in range(2)], BearingSplit())


def test_the_same_bearing_name_in_two_systems_is_two_bearings():
    recordings = [own.recording(10 * s + i, system=s, bearing=str(i)) for s in (1, 2) for i in range(4)]
    assert {part: len(s) for part, s in ids(split(recordings, BearingSplit())).items()} == {
        "train": 4,
        "validation": 2,
        "test": 2,
    }


def test_a_bearing_that_changes_its_class_stays_whole():
    recordings = [own.recording(10 * b + label, bearing=str(b), label=label) for b in range(5) for label in (0, 1)]
    parts = ids(split(recordings, BearingSplit()))
    assert {part: len({i // 10 for i in s}) for part, s in parts.items()} == {"train": 3, "validation": 1, "test": 1}


def test_blocks_of_time_by_hand():
    result = split([own.recording(5)], TimeSplit(), window_length=50)
    assert result.parts == {
        "train": (Segment(5, 0, 600),),
        "validation": (Segment(5, 650, 800),),
        "test": (Segment(5, 850, 1000),),
    }


def test_blocks_without_validation_and_with_a_longer_gap():
    result = split([own.recording(5)], TimeSplit(train=0.7, validation=0.0, test=0.3, gap=120))
    assert result.parts == {"train": (Segment(5, 0, 700),), "validation": (), "test": (Segment(5, 820, 1000),)}


def test_borders_do_not_fall_short_by_rounding():
    result = split([own.recording(5)], TimeSplit(train=0.7, validation=0.1, test=0.2, gap=20), window_length=10)
    assert result.parts["validation"] == (Segment(5, 720, 800),)


def test_a_gap_shorter_than_a_window_is_refused():
    with pytest.raises(SplitError, match="gap of 99 samples between blocks of time is less than a window of 100"):
        split([own.recording(5)], TimeSplit(gap=99))


def test_recordings_too_short_for_blocks_are_refused():
    with pytest.raises(SplitError, match=r"1 recordings are too short for 3 blocks .*Id 6; the shortest has 990 samp"):
        split([own.recording(5), own.recording(6, length=990)], TimeSplit())


def domains(*numbers, system=1):
    return [own.recording(1000 * system + 10 * d + i, system=system, domain=d) for d in numbers for i in range(3)]


def test_the_last_domains_of_each_system_are_tested():
    recordings = domains(0, 1, 2) + domains(5, 9, system=2) + domains(4, system=3)
    result = split(recordings, DomainSplit(last=2))
    assert {i // 10 for i in ids(result)["test"]} == {101, 102, 209}
    assert [n.message for n in result.notices if n.code == "system-not-tested"] == [
        "system 3 has only domain 4; it is used for training and not tested"
    ]


def test_named_domains_are_tested_and_only_named_ones_trained():
    parts = ids(split(domains(0, 1, 2, 3), DomainSplit(test_domains=(1,), train_domains=(0, 3))))
    assert {i // 10 for i in parts["test"]} == {101}
    assert {i // 10 for i in parts["train"] + parts["validation"]} == {100, 103}


@pytest.mark.parametrize("unit", ["recording", "bearing", "time"])
def test_validation_of_a_holdout_comes_from_training_by_any_unit(unit):
    recordings = [own.recording(10 * d + i, domain=d, bearing=str(i)) for d in range(3) for i in range(5)]
    result = split(recordings, DomainSplit(last=1, validation_unit=unit))
    trained, validated = (set(ids(result)[part]) for part in ("train", "validation"))
    assert {i // 10 for i in trained | validated} == {0, 1}
    shared = {"recording": trained & validated, "bearing": {i % 10 for i in trained} & {i % 10 for i in validated}}
    assert validated == trained if unit == "time" else not shared[unit]


def test_no_validation_share_leaves_the_part_empty():
    assert ids(split(domains(0, 1), DomainSplit(last=1, validation=0.0)))["validation"] == []


def test_domains_that_are_not_there_are_refused():
    with pytest.raises(SplitError, match=r"no recording has domain \[7\]; the domains are \[0, 1\]"):
        split(domains(0, 1), DomainSplit(test_domains=(7,)))
    with pytest.raises(SplitError, match=r"3 recordings of systems \[2\] have no domain .* the column Domain_id"):
        split(domains(0, 1) + [own.recording(i, system=2, domain=None) for i in range(3)], DomainSplit(last=1))
    with pytest.raises(SplitError, match="the test part of the split is empty"):
        split(domains(3), DomainSplit(last=1))


def test_a_class_that_is_tested_but_not_trained_is_refused():
    recordings = [*domains(0, 1), own.recording(1, domain=1, label=5)]
    with pytest.raises(SplitError, match="the test part holds classes that training does not: system 1 class 5"):
        split(recordings, DomainSplit(last=1))
    assert split(recordings, DomainSplit(last=1), labelled=False).parts["test"]


def test_a_class_that_is_trained_but_not_tested_is_told():
    recordings = domains(0, 1) + [own.recording(i, domain=0, label=5) for i in range(2)]
    (notice,) = split(recordings, DomainSplit(last=1)).notices
    assert (notice.code, "not in the test part: system 1 class 5" in notice.message) == ("class-missing", True)


def test_classes_are_compared_across_systems_when_systems_are_held_out():
    recordings = [*several(4), own.recording(900, system=2, label=1)]
    assert codes(split(recordings, SystemSplit(test_systems=(2,)))) == ["class-missing"]
    with pytest.raises(SplitError, match="the test part holds classes that training does not: class 3"):
        split([*recordings, own.recording(901, system=2, label=3)], SystemSplit(test_systems=(2,)))


def test_all_systems_cannot_be_held_out():
    with pytest.raises(SplitError, match="the train part of the split is empty"):
        split(several(4), SystemSplit(test_systems=(1,)))


def test_unlabelled_recordings_are_left_out_where_labels_are_needed():
    recordings = [*several(4), own.recording(900, label=None)]
    result = split(recordings, RecordingSplit())
    assert codes(result) == ["unlabelled-excluded"]
    assert 900 not in {i for part in ids(result).values() for i in part}
    assert 900 in {i for part in ids(split(recordings, RecordingSplit(), labelled=False)).values() for i in part}
    with pytest.raises(SplitError, match="none of the 1 recordings has a label"):
        split(recordings[-1:], RecordingSplit())


def test_short_recordings_are_left_out_but_a_class_never_vanishes():
    short = own.recording(900, length=99)
    assert codes(split([*several(4), short], RecordingSplit())) == ["recording-too-short"]
    with pytest.raises(SplitError, match=r"1 of 9 .* window of 100 .* shortest has 99\), .* left of system 1 class 7"):
        split([*several(4), own.recording(900, length=99, label=7)], RecordingSplit())


def test_nothing_or_the_same_twice_cannot_be_split():
    with pytest.raises(SplitError, match="no recordings"):
        split([], RecordingSplit())
    with pytest.raises(SplitError, match="twice"):
        split([own.recording(1), own.recording(1)], RecordingSplit())


def test_excluding_cuts_with_a_margin_and_tells():
    excluded = [Segment(0, 500, 600), Segment(1, 0, 1000), Segment(77, 0, 1000)]
    result = split(
        [own.recording(i) for i in range(6)], RecordingSplit(train=1.0, validation=0.0, test=0.0), exclude=excluded
    )
    assert result.parts["train"][:3] == (Segment(0, 0, 400), Segment(0, 700, 1000), Segment(2, 0, 1000))
    (notice,) = result.notices
    assert (notice.code, "1 stretches left out and 1 cut" in notice.message) == ("excluded-for-test", True)


def test_excluding_pieces_shorter_than_a_window_drops_them():
    config = RecordingSplit(train=1.0, validation=0.0, test=0.0)
    result = split([own.recording(0), own.recording(1)], config, exclude=[Segment(0, 150, 850)])
    assert result.parts["train"] == (Segment(1, 0, 1000),)


def test_the_same_split_without_its_own_test_keeps_training_and_validation():
    recordings = several(5)
    later = split(recordings, BearingSplit())
    earlier = split(recordings, BearingSplit(), exclude=later.parts["test"])
    assert earlier.parts == {**later.parts, "test": ()}
    assert codes(earlier) == ["test-excluded", "excluded-for-test"]


def test_excluding_all_training_is_refused():
    recordings = several(5)
    with pytest.raises(SplitError, match="the train part is empty once the samples"):
        split(recordings, RecordingSplit(), exclude=[Segment(r.id, 0, r.length) for r in recordings])
