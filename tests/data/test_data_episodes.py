"""Episodes: a function of seed and number, and support and query share no unit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import recording

from twostage.config.stage_2 import FewshotConfig
from twostage.data.episodes import EpisodeNumbers, Episodes
from twostage.data.windows import WindowIndex
from twostage.errors import DataError

LENGTH = 100


def rules(**changes):
    usual = {"targets": [{"system": 1}], "queries": 3}
    return FewshotConfig(**usual | changes)


def index(recordings, per_recording=4, stride=LENGTH):
    rows = np.repeat(np.arange(len(recordings)), per_recording)
    starts = np.tile(np.arange(per_recording) * stride, len(recordings))
    return WindowIndex(rows, starts, LENGTH)


def table(*, systems=(1,), classes=3, bearings=3, domains=1, **changes):
    """Every class of every system on so many bearings of its own, each in every domain."""
    shapes = [
        (system, label, bearing, domain)
        for system in systems
        for label in range(classes)
        for bearing in range(bearings)
        for domain in range(domains)
    ]
    return [
        recording(7 * number + 3, system=s, label=c, bearing=f"{c}-{b}", domain=d, **changes)
        for number, (s, c, b, d) in enumerate(shapes)
    ]


def episodes_of(recordings, *, shots=1, seed=0, windows=None, part="test", **changes):
    return Episodes(recordings, windows or index(recordings), rules(**changes), shots, part, seed)


def unit_names(recordings, windows, unit):
    rows = windows.rows.tolist()
    if unit == "window":
        return np.arange(len(rows))
    chosen = [recordings[row] for row in rows]
    return np.array([f"{r.system} {r.bearing}" if unit == "bearing" else str(r.id) for r in chosen])


@st.composite
def drawn(draw):
    """A table, rules that fit it, and an episode number."""
    recordings = table(
        systems=draw(st.sampled_from([(1,), (1, 4)])),
        classes=draw(st.integers(2, 4)),
        bearings=draw(st.integers(2, 5)),
        domains=draw(st.integers(1, 3)),
    )
    unit = draw(st.sampled_from(["bearing", "recording", "window"]))
    windows = index(recordings, draw(st.integers(1, 6)), draw(st.sampled_from([30, LENGTH])))
    shots = draw(st.integers(1, 4))
    changes = {
        "support_unit": unit,
        "queries": draw(st.integers(1, 5)),
        "ways": draw(st.sampled_from([None, 2])),
        "domains_per_episode": draw(st.sampled_from([None, 1, 2])),
        "systems_per_episode": draw(st.sampled_from([None, 1])),
    }
    try:
        made = episodes_of(recordings, shots=shots, windows=windows, seed=draw(st.integers(0, 3)), **changes)
    except DataError:
        assume(False)
    return recordings, windows, made, draw(st.integers(0, 50))


@settings(max_examples=200)
@given(drawn())
def test_support_and_query_share_no_unit_and_no_sample(case):
    recordings, windows, made, number = case
    episode = made.draw(number)
    units = unit_names(recordings, windows, made.written.support_unit)[episode.positions_B]
    assert not set(units[episode.support_B]) & set(units[~episode.support_B])
    assert len(set(episode.positions_B.tolist())) == len(episode.positions_B)
    for support in episode.positions_B[episode.support_B]:
        for query in episode.positions_B[~episode.support_B]:
            apart = abs(windows.starts[support] - windows.starts[query]) >= LENGTH
            assert windows.rows[support] != windows.rows[query] or apart


@settings(max_examples=100)
@given(drawn())
def test_an_episode_is_a_function_of_seed_and_number(case):
    """Neither what was drawn before nor which object draws it changes an episode."""
    recordings, windows, made, number = case
    again = Episodes(recordings, windows, made.written, made.shots, made.part, made.seed)
    for other in (number + 1, 0):
        again.draw(other)
    first, second = made.draw(number), again.draw(number)
    for name in ("positions_B", "task_B", "support_B"):
        assert np.array_equal(getattr(first, name), getattr(second, name))


@settings(max_examples=100)
@given(drawn())
def test_every_class_of_a_task_has_its_shots_and_queries(case):
    recordings, windows, made, number = case
    episode, written = made.draw(number), made.written
    chosen = [recordings[row] for row in windows.rows[episode.positions_B]]
    for task in np.unique(episode.task_B):
        mine = episode.task_B == task
        assert len({r.system for r, is_mine in zip(chosen, mine, strict=True) if is_mine}) == 1
        if written.domains_per_episode is not None:
            assert len({r.domain for r, is_mine in zip(chosen, mine, strict=True) if is_mine}) == 1
        labels = np.array([r.label for r in chosen])
        classes = np.unique(labels[mine])
        assert len(classes) == (written.ways or len({r.label for r in recordings}))
        for label in classes:
            cell = mine & (labels == label)
            assert (cell & episode.support_B).sum() == made.shots
            assert (cell & ~episode.support_B).sum() == written.queries
    systems = written.systems_per_episode or len({r.system for r in recordings})
    assert len({r.system for r in chosen}) == systems
    assert episode.task_B.max() + 1 == systems * (written.domains_per_episode or 1)


def test_numbers_and_seeds_differ():
    recordings = table()
    episodes = [episodes_of(recordings, seed=seed).draw(number) for seed in (0, 1) for number in range(20)]
    assert len({tuple(episode.positions_B) for episode in episodes}) == 40


def test_every_window_may_be_support_and_query():
    made = episodes_of(table(), queries=3, shots=2)
    episodes = [made.draw(number) for number in range(200)]
    for support in (True, False):
        seen = {p for e in episodes for p in e.positions_B[e.support_B == support].tolist()}
        assert len(seen) == 3 * 3 * 4


def test_windows_are_taken_evenly_from_the_units():
    """Of five bearings two give the support, so six queries come two from each of the other three."""
    recordings = table(bearings=5)
    windows = index(recordings)
    episode = episodes_of(recordings, shots=2, queries=6).draw(0)
    units = unit_names(recordings, windows, "bearing")[episode.positions_B]
    support, query = (np.unique(units[episode.support_B == side], return_counts=True)[1] for side in (True, False))
    assert support.tolist() == [1] * 6
    assert query.tolist() == [2] * 9


def test_bearings_that_live_through_several_classes_stay_on_one_side():
    """Run to failure: every bearing is healthy first and faulty later."""
    recordings = [
        recording(10 * bearing + label, label=label, bearing=f"b{bearing}") for bearing in range(4) for label in (0, 1)
    ]
    windows = index(recordings)
    made = episodes_of(recordings, shots=2, queries=4)
    for number in range(50):
        episode = made.draw(number)
        units = unit_names(recordings, windows, "bearing")[episode.positions_B]
        assert not set(units[episode.support_B]) & set(units[~episode.support_B])


def test_a_knot_of_bearings_that_no_draw_unties_is_refused():
    """Two bearings for two classes each, in a ring: any support takes away some query."""
    pairs = [(0, "a"), (0, "b"), (1, "b"), (1, "c"), (2, "c"), (2, "a")]
    recordings = [recording(number, label=label, bearing=name) for number, (label, name) in enumerate(pairs)]
    with pytest.raises(DataError, match="hold several classes each, and no draw of them"):
        episodes_of(recordings)


@pytest.mark.parametrize(
    ("recordings", "changes", "text"),
    [
        (
            table(bearings=1),
            {},
            """class 0 of system 1 has 1 bearing with 4 windows in the test part, but an episode takes 1 of them
            for the support (shots) and 3 for the query (queries), from other bearings; 2 more classes lack the
            same. Give the part more bearings (data.split or stage_2.split), or write stage_2.support_unit:
            recording, which measures how well the same bearing is recognised again""",
        ),
        (
            [r for r in table(bearings=2) if (r.label, r.bearing) != (1, "1-1")],
            {"support_unit": "recording"},
            """class 1 of system 1 has 1 recording with 4 windows in the test part, but an episode takes 1 of them
            for the support (shots) and 3 for the query (queries), from other recordings. Give the part more
            recordings (data.split or stage_2.split), or write stage_2.support_unit: window, which measures how
            well the same bearing is recognised again""",
        ),
        (
            table(bearings=2),
            {"queries": 5},
            """class 0 of system 1 has 2 bearings with 8 windows in the test part, but an episode takes 1 of them
            for the support (shots) and 5 for the query (queries), from other bearings; 2 more classes lack the
            same. Raise data.window.per_recording, take longer recordings (data.source.seconds, if they are
            simulated), or lower stage_2.shots or stage_2.queries""",
        ),
        (
            table(bearings=1),
            {"support_unit": "window", "queries": 4},
            """class 0 of system 1 has 4 windows in the test part, but an episode takes 1 of them for the support
            (shots) and 4 for the query (queries), without a common sample; 2 more classes lack the same. Raise
            data.window.per_recording, take longer recordings (data.source.seconds, if they are simulated), or lower
            stage_2.shots or stage_2.queries""",
        ),
        (
            table(),
            {"ways": 4},
            """the test part has 3 class(es) of system 1, but an episode tells 4 apart; lower stage_2.ways, or
            split so that the part holds more classes""",
        ),
        (
            table(),
            {"systems_per_episode": 2},
            """stage_2.systems_per_episode is 2, but the test part holds 1 system(s); lower it, or name more
            systems in one target""",
        ),
        (
            table(domains=2),
            {"domains_per_episode": 3},
            """stage_2.domains_per_episode is 3, but system 1 has 2 domain(s) with enough classes in the test part;
            lower it""",
        ),
        (
            [recording(1, bearing=None), recording(2, label=1, bearing="x")],
            {},
            """recording 1 of RM_A has no bearing; fill the column Bearing_id of the metadata table, or write
            stage_2.support_unit: recording""",
        ),
        (
            [recording(1, domain=None), recording(2, label=1)],
            {"domains_per_episode": 1},
            """recording 1 of RM_A has no domain; fill the column Domain_id of the metadata table, or leave out
            stage_2.domains_per_episode""",
        ),
    ],
)
def test_what_cannot_be_drawn_is_told_with_a_remedy(recordings, changes, text):
    with pytest.raises(DataError) as caught:
        episodes_of(recordings, **changes)
    assert str(caught.value) == " ".join(text.split())


def test_classes_that_do_not_fit_are_left_out_where_ways_allows_it_and_told():
    recordings = [r for r in table(classes=4, bearings=2) if (r.label, r.bearing) != (3, "3-1")]
    made = episodes_of(recordings, ways=2)
    (notice,) = made.notices
    assert notice.code == "episodes-leave-out"
    assert notice.message.startswith("not every class is drawn: class 3 of system 1 has 1 bearing with 4 windows")
    windows = index(recordings)
    labels = {recordings[windows.rows[p]].label for k in range(50) for p in made.draw(k).positions_B}
    assert labels == {0, 1, 2}


def test_training_goes_on_with_fresh_numbers_and_validation_repeats():
    training, validation = EpisodeNumbers(3, again=False), EpisodeNumbers(3, again=True)
    for sampler in (training, validation):
        assert len(sampler) == 3
        assert list(sampler) == [0, 1, 2]
        sampler.set_epoch(2)
    assert list(training) == [6, 7, 8]
    assert list(validation) == [0, 1, 2]
