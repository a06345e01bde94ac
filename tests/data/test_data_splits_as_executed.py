"""The split of the old project: what it shares is what the old code shared, it is counted, and is never an accident."""

from __future__ import annotations

import numpy as np
import pytest
import strategies as own
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twostage.config.document import TwoStageConfig
from twostage.config.splits import AsExecutedSplit
from twostage.config.windows import EvenlySpaced
from twostage.data.recordings import PARTS
from twostage.data.splits import check_disjoint, make_split, split_report
from twostage.data.splits.as_executed import keep_first, leak_notice
from twostage.data.windows import place
from twostage.errors import SplitError

LENGTH = 20


def recordings():
    """Two systems: domains 0 to 2 of the first, 2 and 5 of the second; two classes each."""
    where = [(1, 0), (1, 1), (1, 2), (2, 2), (2, 5)]
    return [
        own.recording(10 * number + label, system=system, domain=domain, label=label, length=1000)
        for number, (system, domain) in enumerate(where)
        for label in (0, 1)
    ]


def made(config, items, per_recording=10):
    split = make_split(items, config, window_length=LENGTH)
    rows, lengths = {r.id: i for i, r in enumerate(items)}, {r.id: r.length for r in items}
    window = EvenlySpaced(length=LENGTH, per_recording=per_recording)
    windows = {part: place(split.parts[part], rows, lengths, window) for part in PARTS}
    return keep_first(split, windows, config, items)


def domains(split, items):
    by_id = {r.id: (r.system, r.domain) for r in items}
    return {part: {by_id[s.recording] for s in segments} for part, segments in split.parts.items()}


@given(share=st.floats(0.05, 1.0), count=st.integers(1, 40))
def test_training_is_the_first_share_of_all_windows_and_the_others_take_them_all(share, count):
    """Against a slow loop over the windows of each recording."""
    items = recordings()
    if int(share * count) == 0:
        with pytest.raises(SplitError, match="leaves no window"):
            made(AsExecutedSplit(train=share), items, count)
        return
    split, windows = made(AsExecutedSplit(train=share), items, count)
    for row in range(len(items)):
        every = windows["test"].starts[windows["test"].rows == row].tolist()
        assert len(every) == count
        assert windows["train"].starts[windows["train"].rows == row].tolist() == every[: int(share * len(every))]
        assert windows["validation"].starts[windows["validation"].rows == row].tolist() == every
    covered = {s.recording: s.stop for s in split.parts["train"]}
    for row, item in enumerate(items):
        mine = windows["train"].starts[windows["train"].rows == row]
        assert covered[item.id] == mine.max() + LENGTH


def test_without_domains_every_recording_is_in_every_part():
    split, _ = made(AsExecutedSplit(), recordings())
    assert len({frozenset(s.recording for s in split.parts[part]) for part in PARTS}) == 1


def test_the_last_domains_of_each_system_are_tested():
    split, _ = made(AsExecutedSplit(test_last=1), recordings())
    assert domains(split, recordings()) == {
        "train": {(1, 0), (1, 1), (2, 2)},
        "validation": {(1, 0), (1, 1), (2, 2)},
        "test": {(1, 2), (2, 5)},
    }


def test_pooled_domains_are_counted_over_all_systems():
    items = [r for r in recordings() if r.domain != 5]
    items += [own.recording(90 + label, system=2, domain=0, label=label) for label in (0, 1)]
    split, _ = made(AsExecutedSplit(test_last=1, pooled=True), items)
    found = domains(split, items)
    assert found["test"] == {(1, 2), (2, 2)}


def test_one_domain_is_always_left_for_training():
    split, _ = made(AsExecutedSplit(test_last=9), recordings())
    assert domains(split, recordings())["train"] == {(1, 0), (2, 2)}


def test_named_domains_may_stand_on_both_sides_as_nothing_checked_them():
    split, _ = made(AsExecutedSplit(train_domains=(0, 2), test_domains=(2,)), recordings())
    found = domains(split, recordings())
    assert found["train"] == {(1, 0), (1, 2), (2, 2)}
    assert found["test"] == {(1, 2), (2, 2)}


def test_recordings_without_a_domain_are_left_out_aloud():
    items = [*recordings(), own.recording(99, system=1, domain=None, label=0)]
    split, _ = made(AsExecutedSplit(test_last=1), items)
    assert 99 not in {s.recording for part in PARTS for s in split.parts[part]}
    assert any(notice.code == "domain-unknown" for notice in split.notices)


def test_shared_samples_are_counted_for_each_pair_of_parts():
    items = recordings()
    config = AsExecutedSplit(train=0.5, test_last=1)
    split, windows = made(config, items)
    told = {tuple(each["parts"]): each["samples"] for each in split_report(split, items, windows)["shared_samples"]}

    def samples(part):
        spans = [(s.recording, range(s.start, s.stop)) for s in split.parts[part]]
        return {(recording, sample) for recording, span in spans for sample in span}

    assert told == {
        (one, other): len(samples(one) & samples(other))
        for one, other in (("train", "validation"), ("train", "test"), ("validation", "test"))
    }
    assert told["train", "validation"] > 0 == told["train", "test"]
    assert leak_notice(split).message.startswith("validation contains training samples")


def test_the_notice_names_both_parts_where_both_leak():
    split, _ = made(AsExecutedSplit(), recordings())
    assert leak_notice(split).code == "leaky-split"
    assert leak_notice(split).message.startswith("validation and test contain training samples")
    with pytest.raises(SplitError, match="share"):
        check_disjoint(split.parts)


def test_windows_of_a_recording_that_is_too_short_for_the_share_do_not_train():
    items = [own.recording(1, label=0, length=1000), own.recording(2, label=0, length=LENGTH)]
    split, windows = made(AsExecutedSplit(train=0.5), items)
    assert {s.recording for s in split.parts["train"]} == {1}
    assert np.array_equal(np.unique(windows["train"].rows), [0])


# The document ----------------------------------------------------------------------------------------------------

STAGE = {"adapt_mode": "finetune", "targets": [{"system": 1}], "checkpoint": {"monitor": "validation/loss"}}
CARRIER = {"shape": "single", "reading": "as_executed", "files": [{}]}
LEAKY = {"unit": "as_executed", "train": 0.8}


def test_a_converted_document_may_have_it():
    config = TwoStageConfig.model_validate({"data": {"split": LEAKY}, "stage_2": STAGE, "legacy": CARRIER})
    assert config.data.split == AsExecutedSplit(train=0.8)


@pytest.mark.parametrize("legacy", [None, CARRIER | {"reading": "meant"}])
def test_nobody_has_it_by_accident(legacy):
    with pytest.raises(ValidationError, match="only a document that was converted with --reading as_executed"):
        TwoStageConfig.model_validate({"data": {"split": LEAKY}, "stage_2": STAGE, "legacy": legacy})


def test_a_variant_does_not_get_it_either():
    variants = [{"name": "leaky", "set": {"data.split": LEAKY}}]
    with pytest.raises(ValidationError, match="variant leaky"):
        TwoStageConfig.model_validate({"stage_2": STAGE, "variants": variants})


def test_one_stage_alone_does_not_leak():
    stage_1 = {"pretrain_mode": "contrastive", "split": LEAKY}
    with pytest.raises(ValidationError, match="in one stage only"):
        TwoStageConfig.model_validate({"stage_1": stage_1, "stage_2": STAGE, "legacy": CARRIER})


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"test_last": 1, "test_domains": [1], "train_domains": [0]}, "not both"),
        ({"pooled": True}, "no effect without test_last"),
        ({"train_domains": [1]}, "together"),
    ],
)
def test_a_selection_is_one_selection(keys, reason):
    with pytest.raises(ValidationError, match=reason):
        AsExecutedSplit(**keys)


def test_from_scratch_beside_a_checkpoint_is_refused():
    stage_2 = STAGE | {"start": "from_scratch", "init": {"checkpoint": "x.safetensors"}}
    with pytest.raises(ValidationError, match=r"no effect where stage_2.start is from_scratch"):
        TwoStageConfig.model_validate({"stage_2": stage_2})
