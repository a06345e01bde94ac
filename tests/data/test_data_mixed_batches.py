"""Batches of a validation that compares classes: every window once, mixed, and none of them tiny."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twostage.data.samplers import MixedBatches


@given(n=st.integers(0, 300), size=st.integers(1, 64), seed=st.integers(0, 9), world=st.integers(1, 3))
def test_every_window_comes_once_over_all_ranks_in_batches_of_nearly_equal_size(n, size, seed, world):
    ranks = [list(MixedBatches(n, size, seed=seed, rank=rank, world_size=world)) for rank in range(world)]
    assert sorted(position for batches in ranks for batch in batches for position in batch) == list(range(n))
    for batches in ranks:
        lengths = [len(batch) for batch in batches]
        assert all(0 < length <= size for length in lengths)
        assert not lengths or max(lengths) - min(lengths) <= 1


def test_the_order_is_the_same_in_each_epoch_and_mixes():
    batches = MixedBatches(100, 20, seed=0)
    assert list(batches) == list(batches)
    assert len(batches) == 5
    assert all(max(batch) - min(batch) > 50 for batch in batches)
