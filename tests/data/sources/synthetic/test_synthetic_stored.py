"""The cache: made once, whole or absent, and made again when it is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from twostage.config.source import SyntheticSource as SyntheticConfig
from twostage.data.sources.synthetic import stored
from twostage.data.sources.synthetic.source import SyntheticSource
from twostage.errors import DataError

CONFIG = SyntheticConfig(systems=(1, 2), bearings_per_class=1, severities=1, domains=1, seconds=0.05)


def opened(config=CONFIG, system=1):
    made = SyntheticSource(config)
    rows = made.catalogue([system])
    bank = made.open(rows)
    return [bank.read(i, 0, row.length).tobytes() for i, row in enumerate(rows)]


def files(cache):
    return sorted(path for path in cache.rglob("*") if path.is_file())


@pytest.fixture
def broken(monkeypatch):
    """Function: from now on the generator fails after so many recordings."""
    real = stored.record

    def after(count):
        calls = []

        def record(*arguments):
            calls.append(1)
            if len(calls) > count:
                raise RuntimeError("power cut")
            return real(*arguments)

        monkeypatch.setattr(stored, "record", record)

    return after


def test_only_the_rig_that_is_needed_is_made(cache):
    opened()
    assert [path.name.rpartition("-")[0] for path in files(cache)] == ["S1_CWRU_DE"]
    opened(system=2)
    assert [path.name.rpartition("-")[0] for path in files(cache)] == ["S1_CWRU_DE", "S2_CWRU_FE"]


def test_a_second_opening_makes_nothing(cache, broken):
    first = opened()
    broken(0)
    assert opened() == first
    assert opened(CONFIG.model_copy(update={"systems": (1,)})) == first  # the other rigs are not in the name


def test_a_failure_leaves_nothing_and_the_next_opening_succeeds(cache, broken):
    broken(2)
    with pytest.raises(RuntimeError, match="power cut"):
        opened()
    assert files(cache) == []
    broken(100)
    assert len(opened()) == 4


def test_a_deleted_or_cut_file_is_made_again(cache):
    first = opened()
    (path,) = files(cache)
    path.unlink()
    assert opened() == first
    path.write_bytes(path.read_bytes()[:-4])
    assert opened() == first


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"bearings_per_class": 2}, {"severities": 2}, {"domains": 2}, {"seconds": 0.06}]
)
def test_what_changes_the_content_changes_the_name(cache, change):
    opened()
    opened(CONFIG.model_copy(update=change))
    assert len(files(cache)) == 2


def test_a_new_version_of_the_generator_reads_no_old_file(cache, monkeypatch):
    opened()
    monkeypatch.setattr(stored, "VERSION", stored.VERSION + 1)
    opened()
    assert len(files(cache)) == 2


def test_makers_at_once_do_not_disturb_each_other(cache):
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: opened(), range(4)))
    assert all(one == made[0] for one in made)
    assert len(files(cache)) == 1


def test_a_cache_that_cannot_be_written_is_told(cache):
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("a file where the folder should be")
    with pytest.raises(DataError, match="cannot write the recordings of S1_CWRU_DE into the cache"):
        opened()
