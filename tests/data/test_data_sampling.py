"""What each sampler promises of its batches."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import numpy as np
import pytest

from twostage.components import build
from twostage.config.sampler import Balanced, BalancedClasses, OneSystem, Shuffled
from twostage.data.labels import UNLABELLED
from twostage.data.sampling import TrainingWindows
from twostage.errors import DataError

SYSTEMS = np.repeat([1, 2], [60, 12])
CLASSES = np.concatenate([np.repeat([0, 1, 2], [40, 15, 5]), np.repeat([0, 1], [9, 3])])
WINDOWS = TrainingWindows(SYSTEMS, np.arange(72), CLASSES)


def batches(config, epoch=0, **options):
    sampler = build(config, windows=WINDOWS, **({"batch_size": 10, "seed": 0} | options))
    sampler.set_epoch(epoch)
    found = list(sampler)
    assert len(found) == len(sampler)
    return found


def test_balanced_has_as_many_windows_of_each_system():
    for batch in batches(Balanced()):
        assert Counter(SYSTEMS[batch].tolist()) == {1: 5, 2: 5}


def test_balanced_classes_has_as_many_windows_of_each_class_of_each_system():
    for batch in batches(BalancedClasses()):
        assert set(Counter(zip(SYSTEMS[batch].tolist(), CLASSES[batch].tolist(), strict=True)).values()) == {2}


def test_balanced_classes_needs_every_class():
    windows = TrainingWindows(SYSTEMS, np.arange(72), np.where(CLASSES == 2, UNLABELLED, CLASSES))
    with pytest.raises(DataError, match="balanced_classes needs the class of every window"):
        build(BalancedClasses(), windows=windows, batch_size=10, seed=0)


@pytest.mark.parametrize("world_size", [1, 3])
def test_shuffled_has_every_window_once(world_size):
    found = [batch for rank in range(world_size) for batch in batches(Shuffled(), rank=rank, world_size=world_size)]
    assert sorted(chain.from_iterable(found)) == list(range(72))
    assert max(map(len, found)) - min(map(len, found)) <= 1


@pytest.mark.parametrize("world_size", [1, 3])
def test_one_system_has_every_window_once_and_mixes_none(world_size):
    found = [batch for rank in range(world_size) for batch in batches(OneSystem(), rank=rank, world_size=world_size)]
    assert sorted(chain.from_iterable(found)) == list(range(72))
    assert all(len(set(SYSTEMS[batch].tolist())) == 1 for batch in found)
    assert max(map(len, found)) <= 10
    assert {int(SYSTEMS[batch[0]]) for batch in batches(OneSystem())[:6]} == {1, 2}  # systems take no turns


def test_one_system_needs_a_window_of_each_for_each_device():
    with pytest.raises(DataError, match="system 2 has fewer training windows than there are devices"):
        build(OneSystem(), windows=WINDOWS, batch_size=1, seed=0, world_size=13)


def test_the_order_is_a_function_of_seed_and_epoch():
    for config in (Balanced(), BalancedClasses(), Shuffled(), OneSystem()):
        orders = [batches(config, epoch=epoch, seed=seed) for epoch, seed in ((0, 0), (1, 0), (0, 1), (0, 0))]
        assert orders[0] == orders[3]
        assert orders[0] != orders[1]
        assert orders[0] != orders[2]
