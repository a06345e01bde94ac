"""Batches: balanced, seeded, disjoint over ranks; evaluation sees every window exactly once."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from twostage.data.samplers import BalancedBatches, PairedBatches, SequentialBatches
from twostage.errors import DataError

systems = st.lists(st.sampled_from([1, 2, 5, 9]), min_size=1, max_size=60).map(np.array)
sizes, worlds, seeds = st.integers(1, 12), st.integers(1, 3), st.integers(0, 3)


def epoch(batches, number=0):
    batches.set_epoch(number)
    return list(batches)


@given(systems, sizes, worlds, seeds)
def test_every_batch_is_full_and_balanced(owner, size, world, seed):
    steps = -(-len(owner) // (size * world))
    total = Counter()
    for rank in range(world):
        batches = BalancedBatches(owner, size, seed, rank=rank, world_size=world)
        drawn = epoch(batches)
        assert len(drawn) == len(batches) == steps
        for batch in drawn:
            counts = Counter(owner[batch].tolist())
            assert len(batch) == size
            assert max(counts.values()) - min(counts[s] for s in set(owner.tolist())) <= 1
            total += counts
    assert max(total.values()) - min(total[s] for s in set(owner.tolist())) <= 1


@given(systems, sizes, worlds, seeds)
def test_ranks_share_nothing_until_a_system_comes_again(owner, size, world, seed):
    ranks = [BalancedBatches(owner, size, seed, rank=rank, world_size=world) for rank in range(world)]
    times = Counter(i for rank in ranks for batch in rank for i in batch)
    for system in set(owner.tolist()):
        mine = [times[i] for i in np.flatnonzero(owner == system).tolist()]
        assert max(mine) - min(mine) <= 1


@given(systems, sizes, worlds, seeds)
def test_seed_and_epoch_fix_the_order(owner, size, world, seed):
    def drawn(number):
        return epoch(BalancedBatches(owner, size, seed, rank=world - 1, world_size=world), number)

    assert drawn(0) == drawn(0)
    assert drawn(3) == drawn(3)


def test_other_seeds_and_epochs_are_other_orders():
    owner = np.repeat([1, 2], 50)
    orders = [epoch(BalancedBatches(owner, 10, seed), number) for seed, number in ((0, 0), (0, 1), (1, 0))]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_a_small_system_is_repeated_by_fresh_shuffles():
    owner = np.array([1] * 90 + [2] * 10)
    drawn = [i for batch in epoch(BalancedBatches(owner, 10, 0)) for i in batch if i >= 90]
    passes = [drawn[i : i + 10] for i in range(0, 50, 10)]
    assert all(sorted(one) == list(range(90, 100)) for one in passes)
    assert len({tuple(one) for one in passes}) == 5


def test_the_surplus_goes_round():
    owner = np.repeat([1, 2, 3], 8)
    counts = [Counter(owner[batch].tolist()) for batch in BalancedBatches(owner, 4, 0)]
    assert [max(c, key=c.get) for c in counts] == [1, 2, 3, 1, 2, 3]


def test_no_windows_give_no_sampler():
    with pytest.raises(DataError, match="no windows"):
        BalancedBatches(np.array([], dtype=np.int64), 4, 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(2, 9)), min_size=1, unique_by=lambda t: t[0]), sizes, seeds)
def test_partners_are_other_windows_of_the_same_recording(groups, size, seed):
    recordings = np.random.default_rng(seed).permutation(np.repeat(*np.array(groups).T))
    pairs = PairedBatches(BalancedBatches(recordings % 2, size, seed), recordings, seed=seed)
    assert len(pairs) == len(pairs.anchors)
    for batch, anchors in zip(epoch(pairs, 2), epoch(pairs.anchors, 2), strict=True):
        assert batch[:size] == anchors
        assert (recordings[batch[:size]] == recordings[batch[size:]]).all()
        assert all(a != b for a, b in zip(batch[:size], batch[size:], strict=True))
    assert epoch(pairs, 1) == epoch(pairs, 1)


def test_every_other_window_can_be_the_partner():
    pairs = PairedBatches(BalancedBatches(np.zeros(4), 400, 0), np.zeros(4), seed=0)
    batch = [i for number in range(5) for i in epoch(pairs, number)[0]]
    halves = [batch[i : i + 400] for i in range(0, len(batch), 400)]
    found = Counter(pair for a, b in zip(halves[::2], halves[1::2], strict=True) for pair in zip(a, b, strict=True))
    assert len(found) == 12
    assert max(found.values()) < 1.5 * min(found.values())


def test_a_recording_with_one_window_is_named():
    with pytest.raises(DataError, match=r"1 recordings have only one window each .*Id 8\)"):
        PairedBatches(BalancedBatches(np.zeros(3), 2, 0), np.array([5, 5, 8]), seed=0)


@given(st.integers(0, 50), sizes, worlds)
def test_evaluation_sees_every_window_once(n, size, world):
    ranks = [SequentialBatches(n, size, rank=rank, world_size=world) for rank in range(world)]
    assert [i for rank in ranks for batch in rank for i in batch] == list(range(n))
    assert [len(rank) for rank in ranks] == [len(list(rank)) for rank in ranks]
    assert all(1 <= len(batch) <= size for rank in ranks for batch in rank)


def test_a_loader_hands_whole_batches_to_the_dataset():
    class Doubled:
        def __getitem__(self, positions):
            return [2 * i for i in positions]

    loader = DataLoader(Doubled(), sampler=SequentialBatches(5, 2), batch_size=None)
    assert list(loader) == [[0, 2], [4, 6], [8]]
    assert len(loader) == 3
